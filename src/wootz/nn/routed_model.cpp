#include "wootz/nn/routed_model.h"

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Whether all experts, whole, fit into a GPU's memory and leave half of it.
bool have_room(const Network& network, const RoutedParts& parts, at::Device device) {
  const Result<std::uint64_t> free = free_memory(device);
  return free && dense_bytes(network, parts.spec.modules, parts.spec.experts.size()) < *free / 2;
}

// The maps of a module; its experts and weights are let go as they are taken in.
void add_module(Routing& routing, std::size_t module, const Network& network, RoutedParts& parts, ParameterList& values,
                at::Device device, bool whole_there) {
  StoredModule& stored = parts.modules.at(module);
  RoutedModule& made = routing.modules[module];
  for (const at::Tensor& each : parts.routers.at(module)) made.router.parameters.push_back(each.to(device));
  made.router.code = layer_code(parts.spec, routing.modules.size() - 1);
  const ModuleSpec& spec = network.modules()[module];
  for (std::size_t m = 0; m < spec.maps.size(); ++m) {
    at::Tensor &weight = values[spec.maps[m].weight], &bias = values[spec.maps[m].bias];
    const RoutedMap map = routed_map(weight, stored.maps[m], at::cat({bias.unsqueeze(0), stored.biases[m]}));
    made.maps.push_back(whole_there ? with_rows_on(moved(map, device), device) : moved(map, device));
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
    const bool whole_there = !device.is_cpu() && have_room(network, parts, device);
    for (const std::size_t module : parts.spec.modules)
      add_module(*routing, module, network, parts, values, device, whole_there);
    NetworkWeights weights(std::move(values));
    weights.routing = std::move(routing);
    return weights;
  });
}

}  // namespace wootz
