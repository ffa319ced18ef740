#include "wootz/eval/zero_shot_words.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "wootz/core/nearest.h"
#include "wootz/yaml/mapping_reader.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxBytes = 4U << 20U;
constexpr std::string_view kSlot = "{}";
constexpr std::string_view kSuffix = ".yml";

std::size_t slots(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(kSlot); at != text.npos; at = text.find(kSlot, at + kSlot.size())) ++count;
  return count;
}

std::vector<std::string> read_list(MappingReader& reader, const YamlNode& root, const char* key, Reporter& report) {
  const auto list = reader.texts(key);
  const YamlEntry* entry = root.find(key);
  if (root.is_mapping() && (entry == nullptr || entry->value->is_null()))
    report.error(reader.place(key), "'{}' is missing", key);
  else if (list && (list->empty() || std::find(list->begin(), list->end(), "") != list->end()))
    report.error(reader.place(key), "'{}' must be a list of texts, none of them empty", key);
  return list.value_or(std::vector<std::string>());
}

void read_words(std::string_view text, ZeroShotWords& words, Reporter& report) {
  const auto tree = read_mapping(text, "the file", "list 'classes' and 'templates'", report);
  if (!tree) return;
  MappingReader reader(*tree->root, "the words of a task", report);
  words.classes = read_list(reader, *tree->root, "classes", report);
  words.templates = read_list(reader, *tree->root, "templates", report);
  for (const std::string& item : words.templates)
    if (!item.empty() && slots(item) != 1)
      report.error(reader.place("templates"), "template {} must have {{}} once, where the class goes", shown(item));
  reader.finish();
}

// As the files are named.
std::string plain_name(std::string_view task) {
  std::string name(task);
  for (char& c : name) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

}  // namespace

Result<ZeroShotWords> load_zero_shot_words(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxBytes));
  ZeroShotWords words;
  words.source = path;
  Diagnostics diagnostics;
  Reporter report(path, diagnostics);
  read_words(text, words, report);
  if (diagnostics.has_errors()) return tl::unexpected(diagnostics.to_error());
  return words;
}

Result<ZeroShotWords> find_zero_shot_words(FileSystem& files, std::string_view task,
                                           const std::string& share_directory) {
  const std::string folder = join_path(share_directory, "zero_shot");
  if (!files.is_directory(folder))
    return fail(ErrorKind::kIo, "no folder '{}': set WOOTZ_SHARE to the folder 'share' of Wootz", folder);
  WOOTZ_TRY(const std::vector<std::string> found, files.list(folder));
  std::vector<std::string> names;
  for (const std::string& file : found)
    if (file.ends_with(kSuffix)) names.push_back(file.substr(0, file.size() - kSuffix.size()));
  const std::string name = plain_name(task);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(ErrorKind::kUsage, "no class names and templates are known for the task '{}'{}; give a file with both",
                task, suggestion(name, names));
  return load_zero_shot_words(files, join_path(folder, name + std::string(kSuffix)));
}

std::string default_share_directory() {
  const char* chosen = std::getenv("WOOTZ_SHARE");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path installed = program.parent_path().parent_path() / WOOTZ_INSTALLED_SHARE;
  return !program.empty() && std::filesystem::is_directory(installed, ignored) ? installed.string() : WOOTZ_SHARE_DIR;
}

std::string fill_template(std::string_view text, std::string_view class_name) {
  std::string out(text);
  if (const std::size_t slot = out.find(kSlot); slot != out.npos) out.replace(slot, kSlot.size(), class_name);
  return out;
}

}  // namespace wootz
