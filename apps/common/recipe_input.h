// From a recipe's path to a plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wootz/engine/run/schedule.h"

namespace wootz::cli {

/// What commands that take a recipe are told.
struct PlanInput {
  std::string recipe;  ///< a path; "-" is standard input
  PlanOptions options;
  ScheduleOptions schedule;
  std::optional<std::uint64_t> seed;  ///< instead of the recipe's
};

/// Reads and parses the recipe and its coefficient table, opens its models and plans; stops at the first step with
/// errors. Fails when the recipe cannot be read at all.
Result<PlannedMerge> plan_recipe(FileSystem& files, const PlanInput& input);

/// Fails (kUsage) on a recipe whose merge must learn from data first.
Result<> check_static(const Recipe& recipe);

}  // namespace wootz::cli
