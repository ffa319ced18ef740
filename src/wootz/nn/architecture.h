// The table of architectures; models/ has one file each (cmake/RegistrationTable.cmake).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wootz/nn/config.h"
#include "wootz/nn/network.h"

namespace wootz {

struct Architecture {
  std::string name;                      ///< ModelInfo::architecture
  std::vector<std::string> model_types;  ///< the `model_type` of config.json it serves
  /// Fails (kInput) naming the key of the configuration that it cannot follow.
  std::function<Result<std::unique_ptr<Network>>(const ModelConfig&, const TensorNames&)> make;
};

using ArchitectureTable = std::vector<Architecture>;

void register_architectures(ArchitectureTable& table);

/// The network for a model's configuration and tensors; `architecture` chooses one by name instead of by model_type.
/// Fails (kInput) listing the known types.
Result<std::unique_ptr<Network>> make_network(const ModelConfig& config, const TensorNames& names,
                                              std::string_view architecture = "");

}  // namespace wootz
