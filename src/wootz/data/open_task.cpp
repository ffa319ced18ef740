#include <algorithm>

#include "wootz/data/catalogue.h"
#include "wootz/data/class_names.h"

namespace wootz {
namespace {

// A data set with names for its classes.
class Named : public Dataset {
 public:
  Named(std::unique_ptr<Dataset> data, std::vector<std::string> class_names)
      : data_(std::move(data)), class_names_(std::move(class_names)) {}

  InputKind kind() const override { return data_->kind(); }
  std::size_t size() const override { return data_->size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return data_->label(index); }
  Result<Image> image(std::size_t index) const override { return data_->image(index); }
  Result<std::string> text(std::size_t index) const override { return data_->text(index); }
  std::string place(std::size_t index) const override { return data_->place(index); }

 private:
  std::unique_ptr<Dataset> data_;
  std::vector<std::string> class_names_;
};

Result<std::unique_ptr<Dataset>> open_stored(FileSystem& files, const Task& task, const std::string& split) {
  DataSpec spec = task.data;
  if (split != spec.split && files.exists(spec.path) && !files.is_directory(spec.path))
    return fail(ErrorKind::kUsage,
                "'{}' is one file, with the split '{}': for the split '{}', name a directory that holds both",
                spec.path, spec.split, split);
  spec.split = split;
  WOOTZ_TRY(auto data, open_dataset(files, spec));
  if (data->class_names().empty()) {
    const std::string directory = files.is_directory(spec.path) ? spec.path : parent_path(spec.path);
    WOOTZ_TRY(auto names, read_class_names(files, directory));
    if (!names.empty()) data = std::make_unique<Named>(std::move(data), std::move(names));
  }
  WOOTZ_RETURN_IF_ERROR(check_labels(*data));
  return data;
}

// Whether the data hold something of that name: a folder "validation", "validation.tsv",
// "validation-images-idx3-ubyte", "data/validation-00000-of-00001.parquet".
bool is_stored(FileSystem& files, const std::string& path, std::string_view split) {
  for (const std::string& directory : {path, join_path(path, "data")}) {
    if (!files.is_directory(directory)) continue;
    const auto names = files.list(directory);
    if (!names) continue;
    for (const std::string& name : *names)
      if (name.starts_with(split) &&
          (name.size() == split.size() || std::string_view(".-_").find(name[split.size()]) != std::string_view::npos))
        return true;
  }
  return false;
}

std::optional<Portion> portion_of(std::string_view split) {
  if (split == "validation") return Portion::kValidation;
  if (split == "adaptation") return Portion::kAdaptation;
  if (split == "rest") return Portion::kRest;
  return std::nullopt;
}

Result<std::unique_ptr<Dataset>> open_held_out(FileSystem& files, const Task& task, const std::string& split,
                                               Portion portion) {
  if (portion_of(task.held_out.from))
    return fail(ErrorKind::kUsage, "'{}' cannot be held out from '{}', which is held out itself", split,
                task.held_out.from);
  WOOTZ_TRY(std::shared_ptr<const Dataset> whole, open_stored(files, task, task.held_out.from));
  std::vector<int> labels;
  for (std::size_t i = 0; i < whole->size(); ++i) labels.push_back(whole->label(i));
  std::vector<std::size_t> indices = held_out_indices(labels, task.held_out, portion);
  if (indices.empty())
    return fail(ErrorKind::kInput, "no items are left for the split '{}' of '{}': the split '{}' has {}", split,
                task.data.path, task.held_out.from, whole->size());
  return subset(std::move(whole), std::move(indices));
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_task(FileSystem& files, const Task& task, const std::string& split) {
  const std::string& wanted = split.empty() ? task.data.split : split;
  const std::optional<Portion> portion = portion_of(wanted);
  const bool held_out = portion && !is_stored(files, task.data.path, wanted);
  auto data = held_out ? open_held_out(files, task, wanted, *portion) : open_stored(files, task, wanted);
  if (!data) return tl::unexpected(std::move(data).error().within(fmt::format("task '{}'", task.name)));
  return data;
}

}  // namespace wootz
