#include "wootz/nn/network.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/io/routed_model_type.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {

at::Tensor Network::features(const NetworkWeights& weights, const NetworkInput& input) const {
  return run(weights, input, NetworkOutput::kFeatures);
}

at::Tensor Network::logits(const NetworkWeights& weights, const NetworkInput& input) const {
  WOOTZ_CHECK(info_.classes > 0);
  return run(weights, input, NetworkOutput::kLogits);
}

at::Tensor Network::run(const NetworkWeights& weights, const NetworkInput& input, NetworkOutput output) const {
  StageState state;
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) state = run_stage(stage, weights, input, state, output);
  return state.front();
}

void Network::add_stage(std::string name, std::size_t kept_values, std::size_t handed_values) {
  const std::size_t begin = stages_.empty() ? 0 : stages_.back().end;
  for (ModuleSpec& module : modules_)
    if (module.maps.front().weight >= begin) module.stage = stages_.size();
  stages_.push_back({std::move(name), begin, parameters_.size(), kept_values, handed_values});
}

NetworkWeights with_precision(const Network& network, const NetworkWeights& weights, Precision precision) {
  if (precision == Precision::kFloat32) return weights;
  NetworkWeights cast = weights;
  for (std::size_t i = 0; i < cast.values.size(); ++i)
    if (network.parameters()[i].matrix && cast[i].defined()) cast.values[i] = cast[i].to(at::kBFloat16);
  return cast;
}

Result<std::unique_ptr<Network>> make_network(const ModelConfig& config, const TensorNames& names,
                                              std::string_view architecture) {
  static const ArchitectureTable table = [] {
    ArchitectureTable built;
    register_architectures(built);
    return built;
  }();
  const std::string type = config.model_type();
  if (type == kRoutedModelType)
    return fail(ErrorKind::kUsage,
                "{}: a model with routed modules, as WEMoE makes; 'wootz fold' turns it into a plain one",
                config.file());
  std::string known;
  for (const Architecture& entry : table) {
    const bool fits = architecture.empty() ? std::count(entry.model_types.begin(), entry.model_types.end(), type) > 0
                                           : entry.name == architecture;
    if (fits) {
      WOOTZ_TRY(std::unique_ptr<Network> network, entry.make(config, names));
      return network;
    }
    for (const std::string& each : entry.model_types) known += (known.empty() ? "" : ", ") + each;
  }
  return fail(ErrorKind::kInput, "{}: 'model_type' is '{}'; Wootz runs {}", config.file(), type, known);
}

}  // namespace wootz
