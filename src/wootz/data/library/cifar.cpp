// CIFAR-10 and CIFAR-100 as the binary version stores them: records of label bytes and 32 x 32 pixels in planes.

#include <algorithm>
#include <optional>

#include "wootz/data/format_table.h"
#include "wootz/data/pixel_dataset.h"

namespace wootz {
namespace {

constexpr int kSide = 32;
constexpr std::size_t kPixelBytes = 3 * kSide * kSide;
constexpr std::uint64_t kMaxFile = std::uint64_t{8} << 30;  // bytes
constexpr std::uint64_t kMaxNames = 1 << 20;                // bytes

// What lies in a directory.
struct Variant {
  std::vector<std::string> paths;  ///< of the split's files, in order
  std::size_t label_bytes = 1;     ///< of a record
  std::size_t label_at = 0;        ///< which of them counts
  std::size_t classes = 10;
  std::string names_path;
};

bool is_batch(std::string_view name) { return name.starts_with("data_batch_") && name.ends_with(".bin"); }

std::optional<Variant> find_cifar10(const DataSpec& spec, const std::vector<std::string>& names) {
  Variant variant;
  for (const std::string& name : names)
    if ((spec.split == "train" && is_batch(name)) || (spec.split == "test" && name == "test_batch.bin"))
      variant.paths.push_back(join_path(spec.path, name));
  variant.names_path = join_path(spec.path, "batches.meta.txt");
  return variant.paths.empty() ? std::nullopt : std::optional(variant);
}

std::optional<Variant> find_cifar100(const DataSpec& spec, const std::vector<std::string>& names, bool fine) {
  Variant variant;
  if (spec.split == "train" || spec.split == "test")
    for (const std::string& name : names)
      if (name == spec.split + ".bin") variant.paths.push_back(join_path(spec.path, name));
  variant.label_bytes = 2;
  variant.label_at = fine ? 1 : 0;
  variant.classes = fine ? 100 : 20;
  variant.names_path = join_path(spec.path, fine ? "fine_label_names.txt" : "coarse_label_names.txt");
  return variant.paths.empty() ? std::nullopt : std::optional(variant);
}

Result<Variant> find_files(FileSystem& files, const DataSpec& spec) {
  const auto option = spec.options.find("labels");
  const std::string labels = option == spec.options.end() ? "fine" : option->second;
  if (labels != "fine" && labels != "coarse")
    return fail(ErrorKind::kUsage, "option 'labels' of a cifar data set is '{}'; it is fine or coarse", labels);
  if (!files.is_directory(spec.path)) return fail(ErrorKind::kInput, "{}: no such directory", spec.path);
  WOOTZ_TRY(const std::vector<std::string> names, files.list(spec.path));
  if (const auto found = find_cifar100(spec, names, labels == "fine")) return *found;
  if (const auto found = find_cifar10(spec, names)) {
    if (labels == "coarse")
      return fail(ErrorKind::kUsage, "{}: this is CIFAR-10, which has no coarse labels", spec.path);
    return *found;
  }
  return fail(ErrorKind::kInput,
              "{}: no split '{}' there: looked for {} (CIFAR-10) and {}.bin (CIFAR-100), of the binary version",
              spec.path, spec.split, spec.split == "train" ? "data_batch_*.bin" : spec.split + "_batch.bin",
              spec.split);
}

// The names are a line each; a few empty lines end the file.
Result<std::vector<std::string>> read_names(FileSystem& files, const Variant& variant) {
  if (!files.exists(variant.names_path)) return std::vector<std::string>();
  WOOTZ_TRY(const std::string text, read_text(files, variant.names_path, kMaxNames));
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    begin = end + 1;
  }
  if (names.size() != variant.classes)
    return fail(ErrorKind::kInput, "{}: {} class names, where {} belong", variant.names_path, names.size(),
                variant.classes);
  return names;
}

Result<PixelFile> read_records(FileSystem& files, const std::string& path, const Variant& variant,
                               std::vector<int>& labels) {
  PixelFile file;
  file.path = path;
  WOOTZ_TRY(file.bytes, read_text(files, path, kMaxFile));
  file.begin = variant.label_bytes;
  file.stride = variant.label_bytes + kPixelBytes;
  file.count = file.bytes.size() / file.stride;
  if (file.bytes.size() % file.stride != 0)
    return fail(ErrorKind::kInput, "{}: truncated: {} bytes are no whole number of records of {} bytes", path,
                file.bytes.size(), file.stride);
  for (std::size_t i = 0; i < file.count; ++i) {
    const int label = static_cast<unsigned char>(file.bytes[i * file.stride + variant.label_at]);
    if (label >= static_cast<int>(variant.classes))
      return fail(ErrorKind::kInput, "{}, image {}: damaged: label {}, where {} is the last", path, i, label,
                  variant.classes - 1);
    labels.push_back(label);
  }
  return file;
}

Result<std::unique_ptr<Dataset>> open_cifar(FileSystem& files, const DataSpec& spec) {
  WOOTZ_TRY(const Variant variant, find_files(files, spec));
  std::vector<std::string> class_names = spec.class_names;
  if (class_names.empty()) {
    WOOTZ_TRY(class_names, read_names(files, variant));
  }
  std::vector<PixelFile> parts;
  std::vector<int> labels;
  for (const std::string& path : variant.paths) {
    WOOTZ_TRY(PixelFile part, read_records(files, path, variant, labels));
    parts.push_back(std::move(part));
  }
  if (labels.empty()) return fail(ErrorKind::kInput, "{}: holds no images", variant.paths.front());
  return PixelDataset::make(std::move(parts), kSide, kSide, PixelLayout::kPlanes, std::move(labels),
                            std::move(class_names));
}

}  // namespace

void register_cifar(FormatTable& table) {
  table.push_back(
      {"cifar",
       "CIFAR-10 or CIFAR-100, binary version: data_batch_*.bin and test_batch.bin, or train.bin and test.bin",
       {"labels"},
       open_cifar});
}

}  // namespace wootz
