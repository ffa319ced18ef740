// A folder a class, with the class's images in it.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "wootz/core/check.h"
#include "wootz/data/class_names.h"
#include "wootz/data/format_table.h"

namespace wootz {
namespace {

constexpr std::array<std::string_view, 7> kEndings = {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".pbm"};
constexpr int kMaxDepth = 16;                                    // of folders in a class; more is a link to itself
constexpr std::uint64_t kMaxImageFile = std::uint64_t{1} << 30;  // bytes
constexpr std::size_t kMaxShown = 10;                            // names in a message

bool is_image_name(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::any_of(kEndings.begin(), kEndings.end(), [&name](std::string_view end) { return name.ends_with(end); });
}

std::string listed(std::vector<std::string> names) {
  const std::size_t more = names.size() - std::min(names.size(), kMaxShown);
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

struct Item {
  std::string path;  ///< from the split's folder
  int label = 0;
};

class FolderDataset : public Dataset {
 public:
  FolderDataset(FileSystem& files, std::string folder, std::vector<Item> items, std::vector<std::string> class_names)
      : files_(files), folder_(std::move(folder)), items_(std::move(items)), class_names_(std::move(class_names)) {}

  InputKind kind() const override { return InputKind::kImage; }
  std::size_t size() const override { return items_.size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return items_[index].label; }
  Result<Image> image(std::size_t index) const override {
    const std::string path = place(index);
    WOOTZ_TRY(const std::string encoded, read_text(files_, path, kMaxImageFile));
    return decode_image(std::as_bytes(std::span(encoded)), path);
  }
  Result<std::string> text(std::size_t) const override { WOOTZ_CHECK(false); }
  std::string place(std::size_t index) const override { return join_path(folder_, items_[index].path); }

 private:
  FileSystem& files_;
  std::string folder_;
  std::vector<Item> items_;
  std::vector<std::string> class_names_;
};

// Names of folders in a folder, sorted. What begins with a dot belongs to other programs.
Result<std::vector<std::string>> subfolders(FileSystem& files, const std::string& folder) {
  WOOTZ_TRY(std::vector<std::string> names, files.list(folder));
  std::erase_if(names, [&](const std::string& name) {
    return name.starts_with('.') || is_image_name(name) || !files.is_directory(join_path(folder, name));
  });
  return names;
}

// Paths of all images below a folder, from `root`.
Result<> collect_images(FileSystem& files, const std::string& root, const std::string& below, int depth,
                        std::vector<std::string>& out) {
  const std::string folder = join_path(root, below);
  if (depth > kMaxDepth)
    return fail(ErrorKind::kInput, "{}: folders in folders, {} deep; is one a link to itself?", folder, depth);
  WOOTZ_TRY(const std::vector<std::string> names, files.list(folder));
  for (const std::string& name : names) {
    if (name.starts_with('.')) continue;
    const std::string path = join_path(below, name);
    if (is_image_name(name)) {
      out.push_back(path);
    } else if (files.is_directory(join_path(folder, name))) {
      WOOTZ_RETURN_IF_ERROR(collect_images(files, root, path, depth + 1, out));
    }
  }
  return {};
}

// The folder of a split.
Result<std::string> find_split(FileSystem& files, const DataSpec& spec) {
  if (!files.is_directory(spec.path)) return fail(ErrorKind::kInput, "{}: no such directory", spec.path);
  const std::string folder = join_path(spec.path, spec.split);
  if (files.is_directory(folder)) return folder;
  WOOTZ_TRY(const std::vector<std::string> found, subfolders(files, spec.path));
  if (found.empty())
    return fail(ErrorKind::kInput,
                "{}: no split '{}' there, nor any other folder; images are looked for in "
                "{}/<class>/",
                spec.path, spec.split, folder);
  return fail(ErrorKind::kInput,
              "{}: no split '{}' there; the folders are {}. Images are looked for in {}/<class>/: move class folders "
              "into a folder of the split's name, or name another split",
              spec.path, spec.split, listed(found), folder);
}

std::vector<std::string> missing(const std::vector<std::string>& wanted, const std::vector<std::string>& there) {
  const std::set<std::string_view> known(there.begin(), there.end());
  std::vector<std::string> names;
  for (const std::string& name : wanted)
    if (!known.contains(name)) names.push_back(name);
  return names;
}

// The folders in label order, and the names of the classes. Names that are those of the folders give the order; names
// of which none is a folder's name the sorted folders anew.
struct Classes {
  std::vector<std::string> folders;
  std::vector<std::string> names;
};

Result<Classes> order_classes(std::vector<std::string> folders, const std::vector<std::string>& names,
                              const std::string& source, const std::string& split_folder) {
  if (names.empty()) return Classes{folders, folders};
  const std::vector<std::string> no_folder = missing(names, folders);
  const std::vector<std::string> no_name = missing(folders, names);
  if (no_folder.empty() && no_name.empty()) return Classes{names, names};
  if (no_folder.size() == names.size() && names.size() == folders.size()) return Classes{std::move(folders), names};
  if (no_folder.size() == names.size())
    return fail(ErrorKind::kInput, "{}: {} class folders, but {} has {} class names", split_folder, folders.size(),
                source, names.size());
  return fail(ErrorKind::kInput, "{}: the class folders are not those that {} names: {}{}{}", split_folder, source,
              no_folder.empty() ? "" : fmt::format("no folder for {}", listed(no_folder)),
              no_folder.empty() || no_name.empty() ? "" : "; ",
              no_name.empty() ? "" : fmt::format("no such class as {}", listed(no_name)));
}

Result<Classes> find_classes(FileSystem& files, const DataSpec& spec, const std::string& split_folder) {
  WOOTZ_TRY(std::vector<std::string> folders, subfolders(files, split_folder));
  if (folders.empty())
    return fail(ErrorKind::kInput, "{}: no class folders; images are looked for in {}/<class>/", split_folder,
                split_folder);
  if (!spec.class_names.empty())
    return order_classes(std::move(folders), spec.class_names, "the task catalogue", split_folder);
  WOOTZ_TRY(const std::vector<std::string> names, read_class_names(files, spec.path));
  return order_classes(std::move(folders), names, join_path(spec.path, "classes.txt"), split_folder);
}

Result<std::unique_ptr<Dataset>> open_folder(FileSystem& files, const DataSpec& spec) {
  WOOTZ_TRY(const std::string folder, find_split(files, spec));
  WOOTZ_TRY(Classes classes, find_classes(files, spec, folder));
  std::vector<Item> items;
  for (std::size_t label = 0; label < classes.folders.size(); ++label) {
    std::vector<std::string> paths;
    WOOTZ_RETURN_IF_ERROR(collect_images(files, folder, classes.folders[label], 1, paths));
    if (paths.empty())
      return fail(ErrorKind::kInput, "{}: no images ({}) in this class folder; fill it or remove it",
                  join_path(folder, classes.folders[label]), fmt::join(kEndings, ", "));
    for (std::string& path : paths) items.push_back({std::move(path), static_cast<int>(label)});
  }
  return std::make_unique<FolderDataset>(files, folder, std::move(items), std::move(classes.names));
}

}  // namespace

void register_imagefolder(FormatTable& table) {
  table.push_back({"imagefolder", "Image files (PNG, JPEG, BMP, PNM) in <split>/<class>/", {}, open_folder});
}

}  // namespace wootz
