// Hugging Face data sets: parquet files with encoded images, or texts, and labels.
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "wootz/core/check.h"
#include "wootz/core/nearest.h"
#include "wootz/data/class_names.h"
#include "wootz/data/format_table.h"
#include "wootz/data/group_cache.h"
#include "wootz/data/parquet_file.h"
#include "wootz/data/pixel_dataset.h"

namespace wootz {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{256} << 20;  // of encoded images

struct Columns {
  std::string item;
  std::string label;
  bool is_text = false;
};

// A row group of one of the files, whose items begin with number `first`.
struct Group {
  std::size_t file = 0;
  std::size_t group = 0;
  std::size_t column = 0;  ///< of the items, in this file
  std::size_t first = 0;
  std::size_t first_in_file = 0;
};

class ParquetDataset : public Dataset {
 public:
  explicit ParquetDataset(bool is_text) : is_text_(is_text) {}

  /// Adds all rows of a file: reads their labels.
  Result<> add(std::unique_ptr<ParquetFile> file, const Columns& columns);
  void set_class_names(std::vector<std::string> names) { class_names_ = std::move(names); }

  InputKind kind() const override { return is_text_ ? InputKind::kText : InputKind::kImage; }
  std::size_t size() const override { return labels_.size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return labels_[index]; }
  std::string place(std::size_t index) const override;
  Result<Image> image(std::size_t index) const override;
  Result<std::string> text(std::size_t index) const override;

 private:
  const Group& group_of(std::size_t index) const;
  /// The group's items, and the item's position among them.
  Result<std::pair<GroupCache::Group, std::size_t>> find(std::size_t index) const;

  bool is_text_;
  std::vector<std::unique_ptr<ParquetFile>> files_;
  std::vector<Group> groups_;
  std::vector<int> labels_;
  std::vector<std::string> class_names_;
  mutable GroupCache cache_{kCacheBytes};
};

// A column by name; of a structure with encoded images, the part with the bytes.
Result<std::size_t> find_column(const ParquetFile& file, const std::string& name, const std::string& option) {
  const std::vector<std::string>& columns = file.columns();
  for (const std::string& wanted : {name, name + ".bytes"})
    if (const auto found = std::find(columns.begin(), columns.end(), wanted); found != columns.end())
      return static_cast<std::size_t>(found - columns.begin());
  std::vector<std::string> known;
  for (const std::string& column : columns) {
    const std::string top = column.substr(0, column.find('.'));
    if (std::find(known.begin(), known.end(), top) == known.end()) known.push_back(top);
  }
  return fail(ErrorKind::kInput, "{}: no column '{}'; it has {}. Name the right one with the option {}", file.path(),
              name, fmt::join(known, ", "), option);
}

Result<> ParquetDataset::add(std::unique_ptr<ParquetFile> file, const Columns& columns) {
  WOOTZ_TRY(const std::size_t item, find_column(*file, columns.item, is_text_ ? "text_column" : "image_column"));
  WOOTZ_TRY(const std::size_t label, find_column(*file, columns.label, "label_column"));
  const std::size_t first_of_file = labels_.size();
  for (std::size_t group = 0; group < file->group_rows().size(); ++group) {
    WOOTZ_TRY(const std::vector<std::int64_t> labels, file->read_integers(group, label));
    groups_.push_back({files_.size(), group, item, labels_.size(), labels_.size() - first_of_file});
    for (const std::int64_t value : labels) {
      if (value < 0 || value > std::numeric_limits<int>::max())
        return fail(ErrorKind::kInput, "{}, row {}: label {}; labels count from 0 (is the split labelled?)",
                    file->path(), labels_.size() - first_of_file, value);
      labels_.push_back(static_cast<int>(value));
    }
  }
  files_.push_back(std::move(file));
  return {};
}

const Group& ParquetDataset::group_of(std::size_t index) const {
  const auto after = std::upper_bound(groups_.begin(), groups_.end(), index,
                                      [](std::size_t item, const Group& group) { return item < group.first; });
  return *(after - 1);
}

std::string ParquetDataset::place(std::size_t index) const {
  const Group& group = group_of(index);
  return fmt::format("{}, row {}", files_[group.file]->path(), group.first_in_file + index - group.first);
}

Result<std::pair<GroupCache::Group, std::size_t>> ParquetDataset::find(std::size_t index) const {
  const Group& group = group_of(index);
  WOOTZ_TRY(GroupCache::Group items, cache_.get(static_cast<std::size_t>(&group - groups_.data()), [&] {
    return files_[group.file]->read_bytes(group.group, group.column);
  }));
  const std::size_t row = index - group.first;
  if (!items->present[row])
    return fail(ErrorKind::kInput, "{}: no {} here, only a null (images that lie outside the file are not read)",
                place(index), is_text_ ? "text" : "image");
  return std::pair(std::move(items), row);
}

Result<Image> ParquetDataset::image(std::size_t index) const {
  WOOTZ_TRY(const auto found, find(index));
  return decode_image(std::as_bytes(std::span(found.first->item(found.second))), place(index));
}

Result<std::string> ParquetDataset::text(std::size_t index) const {
  WOOTZ_TRY(const auto found, find(index));
  return std::string(found.first->item(found.second));
}

std::string option(const DataSpec& spec, const std::string& name, const std::string& otherwise) {
  const auto found = spec.options.find(name);
  return found == spec.options.end() ? otherwise : found->second;
}

Result<Columns> read_columns(const DataSpec& spec) {
  const std::string text = option(spec, "text_column", "");
  if (!text.empty() && spec.options.contains("image_column"))
    return fail(ErrorKind::kUsage, "{}: both image_column and text_column are given; one is what is classified",
                spec.path);
  return Columns{text.empty() ? option(spec, "image_column", "image") : text, option(spec, "label_column", "label"),
                 !text.empty()};
}

// "test.parquet", or "test-00000-of-00002.parquet".
bool is_of_split(std::string_view name, const std::string& split) {
  if (!name.starts_with(split) || !name.ends_with(".parquet")) return false;
  name.remove_prefix(split.size());
  return name == ".parquet" || (name.size() > 1 && name[0] == '-' && name[1] >= '0' && name[1] <= '9');
}

// The split's files in a directory or the folder `data` in it; or the file itself.
Result<std::vector<std::string>> find_files(FileSystem& files, const DataSpec& spec) {
  if (!files.exists(spec.path)) return fail(ErrorKind::kInput, "{}: no such file or directory", spec.path);
  if (!files.is_directory(spec.path)) return std::vector<std::string>{spec.path};
  std::set<std::string> splits;
  for (const std::string& folder : {spec.path, join_path(spec.path, "data")}) {
    if (!files.is_directory(folder)) continue;
    WOOTZ_TRY(const std::vector<std::string> names, files.list(folder));
    std::vector<std::string> found;
    for (const std::string& name : names) {
      if (is_of_split(name, spec.split)) found.push_back(join_path(folder, name));
      if (name.ends_with(".parquet")) splits.insert(name.substr(0, std::min(name.find('-'), name.size() - 8)));
    }
    if (!found.empty()) return found;
  }
  return fail(
      ErrorKind::kInput, "{}: no split '{}' there: looked for {}-*.parquet, also in data/; {}", spec.path, spec.split,
      spec.split,
      splits.empty() ? "no parquet file is there" : fmt::format("splits there are {}", fmt::join(splits, ", ")));
}

// Those that the data set library notes in the file, or none.
std::vector<std::string> noted_class_names(const ParquetFile& file, const std::string& label_column) {
  using Json = nlohmann::json;
  const Json note = Json::parse(file.metadata("huggingface"), nullptr, false);
  const Json* at = &note;
  for (const std::string& key : {std::string("info"), std::string("features"), label_column, std::string("names")}) {
    if (!at->is_object() || !at->contains(key)) return {};
    at = &(*at)[key];
  }
  std::vector<std::string> names;
  if (!at->is_array()) return {};
  for (const Json& name : *at) {
    if (!name.is_string()) return {};
    names.push_back(name.get<std::string>());
  }
  return names;
}

Result<std::vector<std::string>> find_class_names(FileSystem& files, const DataSpec& spec, const ParquetFile& file,
                                                  const std::string& label_column) {
  if (!spec.class_names.empty()) return spec.class_names;
  std::vector<std::string> noted = noted_class_names(file, label_column);
  if (!noted.empty()) return noted;
  return read_class_names(files, files.is_directory(spec.path) ? spec.path : parent_path(spec.path));
}

Result<std::unique_ptr<Dataset>> open_dataset_files(FileSystem& files, const DataSpec& spec) {
  WOOTZ_TRY(const Columns columns, read_columns(spec));
  WOOTZ_TRY(const std::vector<std::string> paths, find_files(files, spec));
  auto dataset = std::make_unique<ParquetDataset>(columns.is_text);
  for (const std::string& path : paths) {
    WOOTZ_TRY(std::unique_ptr<ParquetFile> file, open_parquet(files, path));
    if (dataset->class_names().empty()) {
      WOOTZ_TRY(std::vector<std::string> names, find_class_names(files, spec, *file, columns.label));
      dataset->set_class_names(std::move(names));
    }
    WOOTZ_RETURN_IF_ERROR(dataset->add(std::move(file), columns));
  }
  if (dataset->size() == 0) return fail(ErrorKind::kInput, "{}: holds no rows", paths.front());
  WOOTZ_RETURN_IF_ERROR(check_labels(*dataset));
  return dataset;
}

}  // namespace

void register_parquet(FormatTable& table) {
  table.push_back({"parquet",
                   "Hugging Face data sets: <split>-*.parquet with columns of encoded images (or texts) and labels",
                   {"image_column", "label_column", "text_column"},
                   open_dataset_files});
}

}  // namespace wootz
