// Labelled texts: <split>.tsv, <split>.csv or <split>.jsonl.
#include <array>

#include "wootz/core/check.h"
#include "wootz/data/class_names.h"
#include "wootz/data/format_table.h"
#include "wootz/data/text_rows.h"
#include "wootz/yaml/report.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

constexpr std::array<std::string_view, 3> kEndings = {".tsv", ".csv", ".jsonl"};
constexpr std::uint64_t kMaxBytes = std::uint64_t{8} << 30;

class TextDataset : public Dataset {
 public:
  TextDataset(std::string path, TextRows texts, std::vector<std::string> class_names)
      : path_(std::move(path)), texts_(std::move(texts)), class_names_(std::move(class_names)) {}

  InputKind kind() const override { return InputKind::kText; }
  std::size_t size() const override { return texts_.rows.size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return texts_.rows[index].label; }
  Result<Image> image(std::size_t) const override { WOOTZ_CHECK(false); }
  Result<std::string> text(std::size_t index) const override {
    return texts_.storage.substr(texts_.rows[index].begin, texts_.rows[index].size);
  }
  std::string place(std::size_t index) const override { return fmt::format("{}:{}", path_, texts_.rows[index].line); }

 private:
  std::string path_;
  TextRows texts_;
  std::vector<std::string> class_names_;
};

std::string option(const DataSpec& spec, const std::string& name) {
  const auto found = spec.options.find(name);
  return found == spec.options.end() ? "" : found->second;
}

// The file of a split in a directory, or the file itself when it is named after the split.
Result<std::string> find_file(FileSystem& files, const DataSpec& spec) {
  if (!files.exists(spec.path)) return fail(ErrorKind::kInput, "'{}': no such file or directory", spec.path);
  if (!files.is_directory(spec.path)) {
    for (const std::string_view ending : kEndings)
      if (file_name(spec.path) == spec.split + std::string(ending)) return spec.path;
    return fail(ErrorKind::kInput,
                "'{}' is not the split '{}': a file of texts is named after its split ('{}.tsv', .csv or .jsonl); name "
                "the directory that holds the splits",
                spec.path, spec.split, spec.split);
  }
  std::vector<std::string> found;
  for (const std::string_view ending : kEndings)
    if (const std::string path = join_path(spec.path, spec.split + std::string(ending)); files.exists(path))
      found.push_back(path);
  if (found.empty())
    return fail(ErrorKind::kInput, "'{}': no split '{}' there: neither {}.tsv nor {}.csv nor {}.jsonl", spec.path,
                spec.split, spec.split, spec.split, spec.split);
  if (found.size() > 1)
    return fail(ErrorKind::kInput, "'{}' and '{}': two files for one split; remove one", found[0], found[1]);
  return found.front();
}

// TSV files have a header when a column is asked for by a name; CSV files do unless told otherwise.
Result<TextColumns> read_columns(const DataSpec& spec, bool is_csv) {
  TextColumns columns{option(spec, "text_column"), option(spec, "label_column"), is_csv};
  const auto is_name = [](const std::string& column) { return !column.empty() && !parse_unsigned(column); };
  if (is_name(columns.text) || is_name(columns.label)) columns.header = true;
  const std::string header = option(spec, "header");
  if (header.empty()) return columns;
  const auto flag = parse_flag(header);
  if (!flag) return fail(ErrorKind::kUsage, "option 'header' must be true or false, not {}", shown(header));
  columns.header = *flag;
  return columns;
}

Result<std::unique_ptr<Dataset>> open_texts(FileSystem& files, const DataSpec& spec) {
  WOOTZ_TRY(const std::string path, find_file(files, spec));
  std::vector<std::string> class_names = spec.class_names;
  if (class_names.empty()) {
    WOOTZ_TRY(class_names, read_class_names(files, parent_path(path)));
  }
  const LabelReader labels(class_names);
  const bool is_csv = path.ends_with(".csv");
  WOOTZ_TRY(const TextColumns columns, read_columns(spec, is_csv));
  WOOTZ_TRY(std::string content, read_text(files, path, kMaxBytes));
  WOOTZ_TRY(TextRows texts,
            path.ends_with(".jsonl")
                ? read_json_lines(path, content, columns, labels)
                : read_delimited_texts(path, std::move(content), is_csv ? ',' : '\t', is_csv, columns, labels));
  if (texts.rows.empty()) return fail(ErrorKind::kInput, "'{}': holds no texts", path);
  return std::make_unique<TextDataset>(path, std::move(texts), std::move(class_names));
}

}  // namespace

void register_text(FormatTable& table) {
  table.push_back({"text",
                   "Texts with labels: <split>.tsv (label, tab, text), <split>.csv or <split>.jsonl",
                   {"text_column", "label_column", "header"},
                   open_texts});
}

}  // namespace wootz
