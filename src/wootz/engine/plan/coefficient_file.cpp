#include "wootz/engine/plan/coefficient_file.h"

#include "wootz/recipe/coefficients.h"

namespace wootz {

Diagnostics read_coefficients(FileSystem& files, Recipe& recipe) {
  Diagnostics findings;
  if (!recipe.coefficients) return findings;
  constexpr std::uint64_t kMaxTable = std::uint64_t{4} << 20;
  const std::string folder = recipe.file.empty() ? "." : parent_path(recipe.file);
  const std::string path = folder == "." ? recipe.coefficients->path : join_path(folder, recipe.coefficients->path);
  if (!files.exists(path)) {
    findings.error(ErrorKind::kInput, recipe.coefficients->place,
                   fmt::format("{}: no such coefficient table; its path counts from the recipe's folder", path));
    return findings;
  }
  const auto text = read_text(files, path, kMaxTable);
  if (text)
    findings.append(load_coefficients(recipe, *text, path));
  else
    findings.error(text.error().kind, recipe.coefficients->place, text.error().message);
  return findings;
}

}  // namespace wootz
