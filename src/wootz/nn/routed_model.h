// A routed model from its directory, ready to run. Torch types.
#pragma once

#include "wootz/nn/routed_checkpoint.h"

namespace wootz {

/// The configuration of the network that a routed model's modules stand in.
ModelConfig base_config(const ModelConfig& config);

/// The weights of a routed model; `values` are the static ones (float32, on the CPU). Those of routed modules move into
/// the routing, which is on `device`. Fails as load_routed_parts.
Result<NetworkWeights> load_routed_weights(FileSystem& files, const ModelConfig& config, const Network& network,
                                           ParameterList values, at::Device device);

}  // namespace wootz
