#include "wootz/data/class_names.h"

#include <map>

namespace wootz {

Result<std::vector<std::string>> read_class_names(FileSystem& files, const std::string& directory) {
  constexpr std::uint64_t kMaxBytes = 16 << 20;
  const std::string path = join_path(directory, "classes.txt");
  if (!files.exists(path)) return std::vector<std::string>();
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxBytes));
  std::string_view rest = text;
  while (!rest.empty() && (rest.back() == '\n' || rest.back() == '\r')) rest.remove_suffix(1);

  std::vector<std::string> names;
  std::map<std::string_view, std::size_t> lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view name = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name.ends_with('\r')) name.remove_suffix(1);
    const std::size_t line = names.size() + 1;
    if (name.empty())
      return fail(ErrorKind::kInput, "{}:{}: an empty line; the file has one class name a line, in label order", path,
                  line);
    if (const auto [earlier, is_new] = lines.emplace(name, line); !is_new)
      return fail(ErrorKind::kInput, "{}:{}: class '{}' is on line {} already", path, line, name, earlier->second);
    names.emplace_back(name);
  }
  return names;
}

}  // namespace wootz
