#include "recipe_input.h"

#include <iostream>
#include <iterator>

#include "wootz/engine/plan/open_and_plan.h"

namespace wootz::cli {
namespace {

// Recipes are small; a weight file given by mistake is not read into memory.
constexpr std::uint64_t kMaxRecipe = std::uint64_t{4} << 20;

Result<std::string> read_recipe(FileSystem& files, const std::string& path) {
  if (path != "-") {
    if (!files.exists(path)) return fail(ErrorKind::kInput, "{}: no such recipe", path);
    return read_text(files, path, kMaxRecipe);
  }
  std::string text(kMaxRecipe + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (text.size() > kMaxRecipe) return fail(ErrorKind::kInput, "standard input: too long for a recipe");
  return text;
}

}  // namespace

Result<PlannedMerge> plan_recipe(FileSystem& files, const PlanInput& input) {
  WOOTZ_TRY(const std::string text, read_recipe(files, input.recipe));
  return plan_recipe(files, text, input.recipe == "-" ? "<stdin>" : input.recipe, input.seed, input.options);
}

Result<> check_static(const Recipe& recipe) {
  if (!recipe.method->learns()) return {};
  return fail(ErrorKind::kUsage, "merge_method '{}' learns from data: run 'wootz adapt {} OUT'", recipe.method->name,
              recipe.file);
}

}  // namespace wootz::cli
