// Transforms that thin out task vectors: by magnitude, at random, at random by rank; and the L1 rescale on top of them.
#pragma once

#include "wootz/methods/method.h"

namespace wootz {

/// Keeps the `density` largest entries of each lane over the scope, at least one where density > 0.
/// Parameters: density.
TransformSpec trim_transform();

/// Drops the `gamma` largest entries of each lane over the scope and the smallest ones, so that `density` remain.
/// Parameters: density, gamma.
TransformSpec breadcrumbs_transform();

/// Keeps each entry with probability `density`. Parameters: density.
TransformSpec random_transform();

/// Keeps each entry with a probability that grows with its rank in its row. Parameters: density, epsilon.
TransformSpec rank_random_transform();

/// The message for densities and epsilons that give keep probabilities outside (0, 1), or "".
std::string check_rank_random(const ParamSet& params);

/// As `inner`, but when the flag `rescale` is set each lane is then multiplied by its sum of magnitudes before over the
/// one after, over the scope (not when either is below 1e-7 or not finite). Requires: `inner` only zeroes entries, and
/// leaves the others as they are.
TransformSpec with_l1_rescale(TransformSpec inner);

}  // namespace wootz
