// An architecture as a function of its parameters: merged, adapted or per-sample parameters go in without a copy of any
// module, and gradients flow to them. Torch types; for the code that needs gradients (others use nn/model.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/core/shape.h"
#include "wootz/nn/model.h"

namespace wootz {

/// One parameter of an architecture.
struct ParameterSpec {
  std::string name;  ///< in the checkpoint
  Shape shape;
  /// Whether it takes part in matrix products, which may run in bf16; others stay in float32.
  bool matrix = false;
};

/// The parameters' values, in the order of Network::parameters().
using ParameterList = std::vector<at::Tensor>;

/// A network's input on its device.
struct NetworkInput {
  at::Tensor pixels;   ///< [B, 3, H, W] float32
  at::Tensor tokens;   ///< [B, T] int64
  at::Tensor lengths;  ///< [B] int64 on the CPU, tokens that count
};

/// Immutable; thread-safe.
class Network {
 public:
  virtual ~Network() = default;

  const ModelInfo& info() const { return info_; }
  /// In the order of the modules in the reference implementation.
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }

  /// [B, D] features in float32 (float64 for float64 parameters). Differentiable in the parameters.
  virtual at::Tensor features(const ParameterList& parameters, const NetworkInput& input) const = 0;
  /// [B, C] of the checkpoint's own classifier. Requires: info().classes > 0.
  virtual at::Tensor logits(const ParameterList& parameters, const NetworkInput& input) const;

 protected:
  ModelInfo info_;
  std::vector<ParameterSpec> parameters_;
};

/// Casts what takes part in matrix products to the precision, differentiably.
ParameterList with_precision(const Network& network, const ParameterList& parameters, Precision precision);

}  // namespace wootz
