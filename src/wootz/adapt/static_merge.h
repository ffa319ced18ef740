// The static part of what adaptation has learned: a merge by a table of coefficients, exact and in the engine's bounded
// memory.
#pragma once

#include <functional>
#include <vector>

#include "wootz/adapt/adapter.h"
#include "wootz/engine/plan/plan.h"

namespace wootz {

/// The coefficients [K] of one of the plan's merged tensors, by its number among them.
using CoefficientsOf = std::function<std::vector<double>(std::size_t merged)>;

/// Merges by these coefficients behind the plan's transforms, into options.directory, with the table and the recipe
/// that applies it.
Result<> write_static_merge(FileSystem& files, const MergePlan& plan, const CoefficientsOf& coefficients,
                            const WriteOptions& options);

/// Where the network's parameters stand among the plan's merged tensors. Fails (kInput) naming one that the models lack
/// or have in another shape.
Result<std::vector<std::size_t>> merged_numbers(const MergePlan& plan, const Network& network);

}  // namespace wootz
