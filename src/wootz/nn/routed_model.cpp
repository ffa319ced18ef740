#include "wootz/nn/routed_model.h"

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// The maps of a module; its experts and weights are let go as they are taken in.
void add_module(Routing& routing, std::size_t module, const Network& network, RoutedParts& parts, ParameterList& values,
                at::Device device) {
  StoredModule& stored = parts.modules.at(module);
  RoutedModule& made = routing.modules[module];
  for (const at::Tensor& each : parts.routers.at(module)) made.router.parameters.push_back(each.to(device));
  made.router.code = layer_code(parts.spec, routing.modules.size() - 1);
  const ModuleSpec& spec = network.modules()[module];
  for (std::size_t m = 0; m < spec.maps.size(); ++m) {
    at::Tensor &weight = values[spec.maps[m].weight], &bias = values[spec.maps[m].bias];
    made.maps.push_back(
        moved(routed_map(weight, stored.maps[m], at::cat({bias.unsqueeze(0), stored.biases[m]})), device));
    stored.maps[m] = {};
    weight = bias = at::empty({0}, at::kFloat);
  }
}

}  // namespace

ModelConfig base_config(const ModelConfig& config) { return config.section(kBaseConfigKey).value_or(config); }

Result<NetworkWeights> load_routed_weights(FileSystem& files, const ModelConfig& config, const Network& network,
                                           ParameterList values, at::Device device) {
  WOOTZ_TRY(RoutedParts parts,
            guarded_result([&] { return load_routed_parts(files, config.directory(), config, network); }));
  return guarded([&] {
    const at::NoGradGuard no_gradients;
    auto routing = std::make_shared<Routing>();
    routing->batch_average = parts.spec.batch_average;
    for (const std::size_t module : parts.spec.modules) add_module(*routing, module, network, parts, values, device);
    NetworkWeights weights(std::move(values));
    weights.routing = std::move(routing);
    return weights;
  });
}

}  // namespace wootz
