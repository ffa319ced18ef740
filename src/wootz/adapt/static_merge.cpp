#include "wootz/adapt/static_merge.h"

#include <algorithm>
#include <set>

#include "wootz/engine/merge.h"
#include "wootz/engine/plan/open_and_plan.h"
#include "wootz/recipe/change.h"
#include "wootz/recipe/coefficients.h"

namespace wootz {
namespace {

constexpr const char* kTableName = "coefficients.yml";

Result<Recipe> static_recipe(const MergePlan& plan, const CoefficientsOf& coefficients, const std::string& comment) {
  CoefficientTable table;
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const std::size_t lane : plan.recipe.lanes()) {
    table.models.push_back(plan.recipe.models[lane].reference);
    known.insert(table.models.back());
  }
  if (known.size() < table.models.size()) table.models.clear();  // no labels where two would be the same
  for (std::size_t m = 0; m < plan.merged_tensors.size(); ++m) {
    names.push_back(plan.tensors[plan.merged_tensors[m]].name);
    table.rows[names.back()] = coefficients(m);
  }
  Recipe recipe = plan.recipe;
  recipe.method = builtin_methods().find(MethodKind::kMerge, "task_arithmetic");
  recipe.adapt.reset();
  recipe.parameters.clear();
  for (RecipeModel& model : recipe.models) {
    std::erase_if(model.parameters, [](const ParamSetting& setting) { return setting.name == "init"; });
    model.task.clear();
  }
  return with_coefficient_table(std::move(recipe), std::move(table), names, kTableName, comment);
}

}  // namespace

Result<> write_static_merge(FileSystem& files, const MergePlan& plan, const CoefficientsOf& coefficients,
                            const WriteOptions& options) {
  WOOTZ_TRY(Recipe recipe, static_recipe(plan, coefficients, options.comment));
  WOOTZ_TRY(const MergePlan planned, open_and_plan(files, std::move(recipe)));
  MergeOptions merging;
  merging.schedule.threads = options.threads;
  merging.schedule.max_memory = options.max_memory;
  merging.overwrite = true;
  merging.progress = options.progress;
  WOOTZ_TRY(const MergeReport report, run_merge(files, planned, options.directory, merging));
  return {};
}

Result<std::vector<std::size_t>> merged_numbers(const MergePlan& plan, const Network& network) {
  std::vector<std::size_t> numbers;
  for (const ParameterSpec& spec : network.parameters()) {
    const auto found = std::find_if(plan.merged_tensors.begin(), plan.merged_tensors.end(),
                                    [&](std::size_t index) { return plan.tensors[index].name == spec.name; });
    if (found == plan.merged_tensors.end())
      return fail(ErrorKind::kInput, "'{}' has no tensor '{}' to merge, which its config.json promises",
                  plan.sources.donor().reference, spec.name);
    if (plan.tensors[*found].shape != spec.shape)
      return fail(ErrorKind::kInput, "'{}': '{}' has another shape than its config.json says",
                  plan.sources.donor().reference, spec.name);
    numbers.push_back(static_cast<std::size_t>(found - plan.merged_tensors.begin()));
  }
  return numbers;
}

}  // namespace wootz
