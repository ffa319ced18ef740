// The coefficients that AdaMerging learns: a row for each group of tensors, a column for each model. Torch types.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "wootz/engine/plan/plan.h"
#include "wootz/nn/network.h"

namespace wootz {

class Coefficients {
 public:
  /// Groups the plan's merged tensors as the recipe says, and takes the starting values from its parameters. Fails
  /// (kUsage) when tensors of one group start from different values.
  static Result<Coefficients> make(const MergePlan& plan, const Network& network);

  /// [groups, K] float64, as the optimizer sees them.
  const at::Tensor& values() const { return values_; }
  const std::vector<std::string>& groups() const { return groups_; }
  std::size_t lanes() const { return static_cast<std::size_t>(values_.size(1)); }

  /// What a merged tensor (of the plan's, in order) is merged with: clamped where the recipe says so.
  std::vector<double> of_tensor(std::size_t merged) const;
  /// Adds a tensor's inner products [K] to the gradient [groups, K]; none flows where the clamp holds a value.
  void add_gradient(std::size_t merged, std::span<const double> products, const at::Tensor& gradient) const;

 private:
  std::vector<std::string> groups_;
  std::vector<std::size_t> group_of_;  ///< of each merged tensor
  at::Tensor values_;
  bool clamp_ = false;
};

}  // namespace wootz
