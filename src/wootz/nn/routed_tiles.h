// Internal to nn: the tiled way to compute routed_linear, forward and backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "wootz/nn/routed_linear.h"

namespace wootz::ops {

/// Samples by merged weight: those of group g are members[starts[g]] .. members[starts[g + 1] - 1].
struct RoutedGroups {
  at::Tensor coefficients;  ///< [K, groups], contiguous float32
  std::vector<std::int64_t> members;
  std::vector<std::int64_t> starts;

  std::int64_t size() const { return static_cast<std::int64_t>(starts.size()) - 1; }
};

/// A group for each sample, or for each distinct (bit by bit) row of the coefficients, in order of appearance.
/// coefficients: [B, K], float32 on the CPU.
RoutedGroups single_groups(const at::Tensor& coefficients);
RoutedGroups equal_groups(const at::Tensor& coefficients);

/// x [B, T, in], contiguous float32; returns [B, T, out].
at::Tensor tiled_forward(const at::Tensor& x, const RoutedGroups& groups, const ExpertRows& experts);

struct RoutedGradients {
  at::Tensor x;             ///< [B, T, in], undefined unless wanted
  at::Tensor coefficients;  ///< [B, K], likewise
};
RoutedGradients tiled_backward(const at::Tensor& x, const RoutedGroups& groups, const ExpertRows& experts,
                               const at::Tensor& y_gradient, bool wants_x, bool wants_coefficients);

}  // namespace wootz::ops
