#include "wootz/recipe/change.h"

#include <algorithm>
#include <cmath>

#include "wootz/core/check.h"
#include "wootz/recipe/coefficients.h"
#include "wootz/recipe/resolve.h"
#include "wootz/recipe/write_recipe.h"
#include "wootz/yaml/report.h"

namespace wootz {

Recipe with_seed(Recipe recipe, std::uint64_t seed) {
  recipe.seed = seed;
  if (recipe.takes_seed_line)
    recipe.text += fmt::format("{}seed: {}\n", recipe.text.ends_with('\n') ? "" : "\n", seed);
  else
    recipe.text += fmt::format("\n# merged with seed {} from the command line\n", seed);
  recipe.takes_seed_line = false;
  return recipe;
}

Recipe with_adapt_changes(Recipe recipe, const AdaptChanges& changes) {
  WOOTZ_CHECK(recipe.adapt.has_value());
  AdaptSettings& settings = *recipe.adapt;
  std::string said;
  if (changes.steps) {
    settings.steps = *changes.steps;
    said += fmt::format(" steps: {}", settings.steps);
  }
  if (changes.seed) {
    settings.seed = *changes.seed;
    said += fmt::format(" seed: {}", settings.seed);
  }
  if (!changes.corruption.empty()) {
    settings.corruption = changes.corruption;
    settings.severity = changes.severity;
    said += fmt::format(" corruption: {} severity: {}", settings.corruption, settings.severity);
  }
  if (!said.empty()) recipe.text += fmt::format("\n# from the command line:{}\n", said);
  return recipe;
}

Result<Recipe> with_coefficient_table(Recipe recipe, CoefficientTable table, const std::vector<std::string>& tensors,
                                      const std::string& name, std::string_view comment) {
  WOOTZ_CHECK(coefficient_param(*recipe.method) != nullptr && table.columns() == recipe.lanes().size());
  for (const std::string& tensor : tensors) {
    const std::vector<double>* row = table.find(tensor);
    WOOTZ_CHECK(row != nullptr);
    const auto bad = std::find_if(row->begin(), row->end(), [](double value) { return !std::isfinite(value); });
    if (bad != row->end())
      return fail(ErrorKind::kInput, "the coefficient {} of tensor {} is no finite number", *bad, shown(tensor));
  }
  table.file = name;
  table.text = write_coefficients(table, tensors, comment);
  recipe.coefficients = RecipeCoefficients{name, {}, std::make_shared<const CoefficientTable>(std::move(table))};
  return with_written_text(std::move(recipe), comment);
}

Recipe with_written_text(Recipe recipe, std::string_view comment) {
  recipe.text = write_recipe(recipe, comment);
  recipe.takes_seed_line = recipe.seed == 0;
  return recipe;
}

}  // namespace wootz
