// Internal to nn: the linear maps of a block's module, plain or routed alike.
#pragma once

#include "wootz/nn/parameter_builder.h"
#include "wootz/nn/routing.h"

namespace wootz {

/// The maps of an attention, and those of an MLP, in the order of ModuleSpec::maps.
enum AttentionMap : std::size_t { kQuery, kKey, kValue, kOutput };
enum MlpMap : std::size_t { kFirst, kSecond };

bool is_routed(const NetworkWeights& weights, const BlockModule& module);

/// The dtype of the module's matrix products where it is not routed, and of its input where it is.
inline at::ScalarType matrix_type(const NetworkWeights& weights, const BlockModule& module) {
  return weights[module.maps.front().weight].scalar_type();
}

/// The maps of one module in one run. What it is given must outlive it.
class ModuleMaps {
 public:
  /// `input` [B, T, D] is what a router sees, all of it; lengths [B]: tokens that count (undefined: all).
  ModuleMaps(const NetworkWeights& weights, const BlockModule& module, const at::Tensor& input,
             const at::Tensor& lengths);

  /// The output, and the bias that is still to be added: undefined where it is in already.
  struct Mapped {
    at::Tensor y;
    at::Tensor bias;
  };
  Mapped mapped(const at::Tensor& x, std::size_t map) const;

  /// Several maps of one input, side by side, with their biases.
  at::Tensor joint(const at::Tensor& x, std::initializer_list<std::size_t> maps) const;

 private:
  const NetworkWeights& weights_;
  const BlockModule& module_;
  const RoutedModule* routed_ = nullptr;
  at::Tensor coefficients_;
};

}  // namespace wootz
