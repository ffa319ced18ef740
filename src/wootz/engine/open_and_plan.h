// From a recipe to its plan, where findings are not shown one by one.
#pragma once

#include "wootz/engine/plan.h"

namespace wootz {

/// Opens the recipe's models and plans its merge; all errors as one. Requires: a recipe without errors.
Result<MergePlan> open_and_plan(FileSystem& files, Recipe recipe);

}  // namespace wootz
