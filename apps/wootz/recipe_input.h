// From a recipe's path to a plan.
#pragma once

#include "commands/commands.h"

namespace wootz::cli {

/// Reads and parses the recipe, opens its models and plans; stops at the first step with errors. Fails when the recipe
/// cannot be read at all.
Result<PlannedMerge> plan_recipe(FileSystem& files, const PlanInput& input);

}  // namespace wootz::cli
