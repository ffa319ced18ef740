// From a recipe to its plan.
#pragma once

#include "wootz/engine/plan/plan.h"

namespace wootz {

/// Opens the recipe's models and plans its merge; all errors as one. Requires: a recipe without errors.
Result<MergePlan> open_and_plan(FileSystem& files, Recipe recipe, const PlanOptions& options = {});

/// Parses a recipe's text, reads its coefficient table, opens its models and plans; stops at the first step with
/// errors. `file` is the recipe's path, from whose folder others count. `seed` is taken instead of the recipe's.
PlannedMerge plan_recipe(FileSystem& files, std::string_view text, const std::string& file,
                         std::optional<std::uint64_t> seed, const PlanOptions& options);

}  // namespace wootz
