// Adaptive weight disentanglement (arXiv:2411.18729) in the coordinates of the task vectors.
#pragma once

#include <vector>

#include "wootz/methods/sums.h"

namespace wootz {

struct DisentangleOptions {
  double alpha = 0.1;
  double step = 0.01;
  std::size_t iterations = 300;
};

/// The redundant vector delta = sum_i coordinates[i] * tau_{active[i]}.
struct Disentangled {
  std::vector<std::size_t> active;  ///< the task vectors that take part: finite and not zero; none when fewer than two
  std::vector<double> coordinates;
  double delta_norm = 0.0;
  double cosine_before = 0.0;  ///< mean |cos| over the pairs of active task vectors
  double cosine_after = 0.0;   ///< the same of tau_k - delta
};

/// Gradient descent from 0 on mean_{i != j} |cos(tau_i - delta, tau_j - delta)| + alpha * ||delta||, from the inner
/// products of the task vectors alone. O(K^3) a step.
Disentangled disentangle(const GramMatrix& gram, const DisentangleOptions& options);

}  // namespace wootz
