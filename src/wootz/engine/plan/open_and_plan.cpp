#include "wootz/engine/plan/open_and_plan.h"

#include "wootz/engine/plan/coefficient_file.h"
#include "wootz/recipe/change.h"

namespace wootz {

Result<MergePlan> open_and_plan(FileSystem& files, Recipe recipe, const PlanOptions& options) {
  OpenedSources opened = open_sources(files, recipe);
  PlannedMerge planned = plan_merge(std::move(recipe), std::move(opened), options);
  if (planned.diagnostics.has_errors()) return tl::unexpected(planned.diagnostics.to_error());
  return std::move(planned.plan);
}

PlannedMerge plan_recipe(FileSystem& files, std::string_view text, const std::string& file,
                         std::optional<std::uint64_t> seed, const PlanOptions& options) {
  ParsedRecipe parsed = parse_recipe(text, file, builtin_methods());
  if (seed && !parsed.diagnostics.has_errors()) parsed.recipe = with_seed(std::move(parsed.recipe), *seed);
  if (!parsed.diagnostics.has_errors()) parsed.diagnostics.append(read_coefficients(files, parsed.recipe));
  if (parsed.diagnostics.has_errors()) return {{}, std::move(parsed.diagnostics)};
  OpenedSources opened = open_sources(files, parsed.recipe);
  PlannedMerge planned = plan_merge(std::move(parsed.recipe), std::move(opened), options);
  Diagnostics all = std::move(parsed.diagnostics);
  all.append(std::move(planned.diagnostics));
  planned.diagnostics = std::move(all);
  return planned;
}

}  // namespace wootz
