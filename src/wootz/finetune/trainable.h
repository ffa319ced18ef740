// What an optimizer changes, and how it enters a network. Torch types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wootz/finetune/recipe.h"
#include "wootz/nn/network.h"

namespace wootz {

/// Tensors to be trained.
class Trainable {
 public:
  virtual ~Trainable() = default;

  /// The leaves, float32, whose gradients are wanted; the optimizer writes to them in place.
  const ParameterList& values() const { return values_; }
  /// As files name them.
  const std::vector<std::string>& names() const { return names_; }
  /// The network's parameters with the trained ones in their place; differentiable in values().
  virtual ParameterList effective() const = 0;

 protected:
  ParameterList values_;
  std::vector<std::string> names_;
};

/// Every parameter that the recipe does not freeze. Fails (kUsage) when that leaves none.
Result<std::unique_ptr<Trainable>> train_parameters(const Network& network, ParameterList parameters,
                                                    const std::vector<std::string>& freeze);

/// Adapters A (random) and B (zero) for every targeted linear map: named as PEFT does. Fails (kUsage) naming a target
/// that no map has.
Result<std::unique_ptr<Trainable>> train_adapters(const Network& network, ParameterList parameters,
                                                  const LoraSettings& settings, std::uint64_t seed);

/// The targets that are used when a recipe names none: the query and value maps of the architecture.
std::vector<std::string> default_lora_targets(const Network& network);

}  // namespace wootz
