#include "wootz/engine/open_and_plan.h"

namespace wootz {

Result<MergePlan> open_and_plan(FileSystem& files, Recipe recipe) {
  OpenedSources opened = open_sources(files, recipe);
  PlannedMerge planned = plan_merge(std::move(recipe), std::move(opened), {});
  if (planned.diagnostics.has_errors()) return tl::unexpected(planned.diagnostics.to_error());
  return std::move(planned.plan);
}

}  // namespace wootz
