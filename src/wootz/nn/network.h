// An architecture as a function of its parameters: merged, adapted or per-sample parameters go in without a copy of any
// module, and gradients flow to them. It is a chain of stages, which can be run one by one where a model's weights or
// activations do not fit into memory together. Torch types; for the code that needs gradients (others use nn/model.h).
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
  /// Whether no output depends on it: a key's bias moves all scores of a query alike, which the softmax takes out. What
  /// comes back to it is rounding, which an optimizer that rescales gradients would take for a direction.
  bool inert = false;
};

/// The parameters' values, in the order of Network::parameters().
using ParameterList = std::vector<at::Tensor>;

/// Where a parameter stands in the list.
using ParameterIndex = std::size_t;

struct LinearParameters {
  ParameterIndex weight = 0;  ///< [out, in]
  ParameterIndex bias = 0;    ///< [out]
};

enum class ModuleKind { kAttention, kMlp };

/// Linear maps of a block that belong together, and may be merged anew for every input (nn/routing.h).
struct ModuleSpec {
  std::string name;  ///< "vision_model.encoder.layers.0.mlp"
  ModuleKind kind = ModuleKind::kMlp;
  std::int64_t width = 0;              ///< of its input
  std::vector<LinearParameters> maps;  ///< query, key, value, output; or the two of an MLP
  std::size_t stage = 0;               ///< that runs it
};

struct Routing;

/// What a network runs on: its parameters, and the modules that are routed, whose own parameters need have no values
/// (a dtype they need).
struct NetworkWeights {
  ParameterList values;
  std::shared_ptr<const Routing> routing;  ///< null: none

  NetworkWeights(ParameterList given = {}) : values(std::move(given)) {}  // NOLINT(google-explicit-constructor)
  const at::Tensor& operator[](ParameterIndex index) const { return values[index]; }
};

/// A network's input on its device.
struct NetworkInput {
  at::Tensor pixels;   ///< [B, 3, H, W] float32
  at::Tensor tokens;   ///< [B, T] int64
  at::Tensor lengths;  ///< [B] int64 on the CPU, tokens that count
};

/// A part of a network that can be run by itself: the embeddings, a block, what follows the blocks.
struct NetworkStage {
  std::string name;       ///< "embeddings", "layers.3", "output"
  std::size_t begin = 0;  ///< its parameters: [begin, end) of Network::parameters()
  std::size_t end = 0;
  std::size_t kept_values = 0;    ///< about how many numbers a token's way back keeps in memory
  std::size_t handed_values = 0;  ///< about how many numbers a token hands to the next stage
};

/// What one stage hands to the next: tensors whose first dimension is the batch's, or parameters not yet taken in.
/// Undefined ones are left out of use.
using StageState = std::vector<at::Tensor>;

enum class NetworkOutput {
  kFeatures,  ///< [B, D]
  kLogits,    ///< [B, C] of the checkpoint's own classifier; requires info().classes > 0
};

/// Immutable; thread-safe.
class Network {
 public:
  virtual ~Network() = default;

  const ModelInfo& info() const { return info_; }
  /// In the order of the modules in the reference implementation.
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }
  /// In the order they run in; together they have every parameter, in order.
  const std::vector<NetworkStage>& stages() const { return stages_; }
  /// In the order they run in.
  const std::vector<ModuleSpec>& modules() const { return modules_; }

  /// Runs one stage on what the one before it gave (the first: nothing). Only the stage's own parameters need be
  /// defined. The last one gives the output, float32 (float64 for float64 parameters). Differentiable in the parameters
  /// and the state.
  virtual StageState run_stage(std::size_t stage, const NetworkWeights& weights, const NetworkInput& input,
                               const StageState& state, NetworkOutput output) const = 0;

  /// All stages.
  at::Tensor features(const NetworkWeights& weights, const NetworkInput& input) const;
  at::Tensor logits(const NetworkWeights& weights, const NetworkInput& input) const;

 protected:
  /// Closes a stage: its parameters and modules are those added since the last one was.
  void add_stage(std::string name, std::size_t kept_values, std::size_t handed_values);

  ModelInfo info_;
  std::vector<ParameterSpec> parameters_;
  std::vector<ModuleSpec> modules_;

 private:
  at::Tensor run(const NetworkWeights& weights, const NetworkInput& input, NetworkOutput output) const;

  std::vector<NetworkStage> stages_;
};

/// Casts what takes part in matrix products to the precision, differentiably. Undefined parameters stay so, and routed
/// modules in float32.
NetworkWeights with_precision(const Network& network, const NetworkWeights& weights, Precision precision);

}  // namespace wootz
