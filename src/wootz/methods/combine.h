// Combinations that several methods share.
#pragma once

#include "wootz/methods/method.h"

namespace wootz {

/// base + lambda * sum_k weight_k * tau_k, divided by the sum of the weights when `normalize` (unless that is ~0).
/// Parameters: weight, normalize, lambda.
CombinationSpec task_arithmetic_combination();

/// The same over the entries whose weighted value has the elected sign, with the sum of their weights as divisor
/// (TIES). Parameters: weight, normalize, lambda.
CombinationSpec consensus_combination();

/// base + sum_k weights[k] * lane_k.
std::unique_ptr<Combination> make_task_vector_sum(std::vector<double> weights);

/// factor * sum_k weights[k] * lane_k, without a base.
std::unique_ptr<Combination> make_weighted_sum(double factor, std::vector<double> weights);

}  // namespace wootz
