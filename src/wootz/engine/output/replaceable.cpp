#include "wootz/engine/output/replaceable.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace wootz {
namespace {

constexpr std::array<std::string_view, 5> kSigns{"wootz-manifest.json", "mergekit_config.yml", "config.json",
                                                 "model.safetensors", "adapter_config.json"};

bool same_place(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return std::filesystem::equivalent(a, b, ignored);
}

}  // namespace

Result<> check_replaceable(FileSystem& files, const std::string& output, const std::string& recipe,
                           const std::vector<std::string>& inputs) {
  if (!files.exists(output)) return {};
  if (!files.is_directory(output))
    return fail(ErrorKind::kUsage, "{} is a file, and is not replaced by a directory; choose another output", output);
  WOOTZ_TRY(const std::vector<std::string> names, files.list(output));
  if (names.empty()) return {};
  const bool model = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(kSigns.begin(), kSigns.end(), name) != kSigns.end();
  });
  if (!model)
    return fail(ErrorKind::kUsage, "{} holds other things than a model, and is not replaced; choose another output",
                output);
  for (const std::string& name : names)
    if (files.is_directory(join_path(output, name)))
      return fail(ErrorKind::kUsage,
                  "{} has a folder in it ({}), and is not replaced; move it away, or choose another output", output,
                  name);
  if (same_place(parent_path(recipe), output))
    return fail(ErrorKind::kUsage, "{} holds the recipe, and is not replaced; choose another output", output);
  for (const std::string& input : inputs)
    if (same_place(input, output))
      return fail(ErrorKind::kUsage, "{} is one of the inputs, and is not replaced; choose another output", output);
  return {};
}

Result<> check_output(FileSystem& files, const std::string& output, bool overwrite, const std::string& recipe,
                      const std::vector<std::string>& inputs) {
  if (files.exists(output) && !overwrite)
    return fail(ErrorKind::kUsage, "'{}' is there already: choose another name, or replace it with --overwrite",
                output);
  return check_replaceable(files, output, recipe, inputs);
}

std::string output_path(const std::string& given) {
  std::filesystem::path path = std::filesystem::path(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code not_there, unknown;
  const bool indirect = path == "." || path.filename() == ".." || std::filesystem::is_symlink(path, not_there);
  if (indirect) path = std::filesystem::weakly_canonical(path, unknown);
  return unknown || path.empty() ? given : path.string();
}

}  // namespace wootz
