#include "wootz/nn/routed_checkpoint.h"

#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "wootz/core/check.h"
#include "wootz/io/digest.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"
#include "wootz/nn/modeling_file.h"
#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kVersion = 1;
constexpr double kMostCode = 1024;

// Of a map's weight [out, in].
struct MapSize {
  std::int64_t out = 0, in = 0;
};
MapSize map_size(const Network& network, const LinearParameters& map) {
  const Shape& shape = network.parameters()[map.weight].shape;
  return {static_cast<std::int64_t>(shape[0]), static_cast<std::int64_t>(shape[1])};
}

const std::string& weight_name(const Network& network, const LinearParameters& map) {
  return network.parameters()[map.weight].name;
}

const std::string& bias_name(const Network& network, const LinearParameters& map) {
  return network.parameters()[map.bias].name;
}

Error damaged(const ModelConfig& config, std::string_view what) {
  return {ErrorKind::kInput, fmt::format("{}: {}", config.file(), what)};
}

// Reads the experts' file of a directory.
class PartsReader {
 public:
  PartsReader(const Checkpoint& checkpoint, const Network& network, RoutedParts& parts)
      : checkpoint_(checkpoint),
        network_(network),
        parts_(parts),
        experts_(static_cast<std::int64_t>(parts.spec.experts.size())) {}

  Result<> read_module(std::size_t module) {
    const ModuleSpec& spec = network_.modules()[module];
    StoredModule& stored = parts_.modules[module];
    for (const LinearParameters& map : spec.maps) {
      WOOTZ_TRY(StoredExperts experts, read_experts(map));
      const std::int64_t out = map_size(network_, map).out;
      WOOTZ_TRY(at::Tensor biases, read(bias_name(network_, map), {experts_, out}, at::kFloat));
      stored.maps.push_back(std::move(experts));
      stored.biases.push_back(std::move(biases));
    }
    return read_router(module, spec);
  }

 private:
  Result<at::Tensor> read(const std::string& name, const std::vector<std::int64_t>& shape, at::ScalarType type) {
    WOOTZ_TRY(const at::Tensor stored, load_tensor(checkpoint_, name));
    if (stored.sizes() != at::IntArrayRef(shape))
      return fail(
          ErrorKind::kInput,
          "{}: '{}' is [{}], but for {} experts config.json asks for [{}]: the files belong to different models",
          checkpoint_.path(), name, fmt::join(stored.sizes(), ", "), experts_, fmt::join(shape, ", "));
    return stored.to(type);
  }

  Result<StoredExperts> read_experts(const LinearParameters& map) {
    const std::string& name = weight_name(network_, map);
    const auto [out, in] = map_size(network_, map);
    StoredExperts experts;
    experts.storage = parts_.spec.storage;
    switch (experts.storage) {
      case ExpertStorage::kDense: {
        WOOTZ_TRY(experts.dense, read(name, {experts_, out, in}, at::kFloat));
        break;
      }
      case ExpertStorage::kSparse: {
        WOOTZ_TRY(experts.mask, read(name + ".mask", {experts_, out, mask_bytes(in)}, at::kByte));
        WOOTZ_TRY(experts.values, load_tensor(checkpoint_, name + ".values"));
        WOOTZ_RETURN_IF_ERROR(check_mask(experts, in, name));
        break;
      }
      case ExpertStorage::kLowRank: {
        WOOTZ_TRY(const at::Tensor up, load_tensor(checkpoint_, name + ".up"));
        const std::int64_t rank = up.dim() == 3 ? up.size(2) : 0;
        WOOTZ_TRY(experts.up, read(name + ".up", {experts_, out, rank}, at::kHalf));
        WOOTZ_TRY(experts.down, read(name + ".down", {experts_, rank, in}, at::kHalf));
        break;
      }
    }
    return experts;
  }

  Result<> check_mask(StoredExperts& experts, std::int64_t in, const std::string& name) const {
    const std::int64_t kept = count_kept(experts.mask, in);
    if (experts.values.dim() == 1 && kept == experts.values.size(0)) {
      experts.values = experts.values.to(at::kHalf);
      return {};
    }
    return fail(ErrorKind::kInput, "{}: '{}.mask' keeps {} values in its rows of {}, but '{}.values' has {}: damaged",
                checkpoint_.path(), name, kept, in, name, experts.values.numel());
  }

  Result<> read_router(std::size_t module, const ModuleSpec& spec) {
    if (parts_.spec.shared_router && !parts_.routers.empty()) {
      parts_.routers[module] = parts_.routers.begin()->second;
      return {};
    }
    std::vector<at::Tensor>& router = parts_.routers[module];
    for (const RouterTensor& each : router_tensors(parts_.spec, spec.width)) {
      WOOTZ_TRY(at::Tensor values, read(router_prefix(parts_.spec, spec) + each.name, each.shape, at::kFloat));
      router.push_back(std::move(values));
    }
    return {};
  }

  const Checkpoint& checkpoint_;
  const Network& network_;
  RoutedParts& parts_;
  std::int64_t experts_;
};

Result<RoutingSpec> read_spec(const ModelConfig& config, const Network& network) {
  RoutingSpec spec;
  const std::optional<ModelConfig> routing = config.section("routing");
  if (!routing) return tl::unexpected(damaged(config, "'routing' is missing, which a routed model has"));
  WOOTZ_TRY(const std::int64_t version, routing->size("version"));
  if (version != kVersion)
    return tl::unexpected(
        damaged(config, fmt::format("'routing.version' is {}; this Wootz reads {}", version, kVersion)));
  spec.experts = routing->texts("experts");
  if (spec.experts.empty()) return tl::unexpected(damaged(config, "'routing.experts' names no experts"));
  for (const std::string& name : routing->texts("modules")) {
    const auto found = std::find_if(network.modules().begin(), network.modules().end(),
                                    [&](const ModuleSpec& module) { return module.name == name; });
    if (found == network.modules().end())
      return tl::unexpected(
          damaged(config, fmt::format("'routing.modules' has '{}', which the network has not", name)));
    spec.modules.push_back(static_cast<std::size_t>(found - network.modules().begin()));
  }
  if (spec.modules.empty() || !std::is_sorted(spec.modules.begin(), spec.modules.end(), std::less_equal<>()))
    return tl::unexpected(damaged(config, "'routing.modules' must name modules, each once, in the network's order"));
  WOOTZ_TRY(const double layers, routing->number("router_layers", 2));
  WOOTZ_TRY(const double code, routing->number("layer_code", 0));
  if (layers < 0 || layers > 2 || layers != std::floor(layers) || code < 0 || code > kMostCode ||
      code != 2 * std::floor(code / 2))
    return tl::unexpected(damaged(config, "'routing' has a router of a kind that there is not"));
  spec.router_layers = static_cast<std::int64_t>(layers);
  spec.layer_code = static_cast<std::int64_t>(code);
  spec.shared_router = routing->flag("shared_router", false);
  spec.batch_average = routing->flag("batch_average", false);
  const std::string storage = routing->text("storage", "");
  const std::optional<ExpertStorage> named = storage_named(storage);
  if (!named)
    return tl::unexpected(damaged(config, fmt::format("'routing.storage' is '{}'; Wootz reads dense, sparse and "
                                                      "low_rank",
                                                      storage)));
  spec.storage = *named;
  return spec;
}

using StoredTensors = std::vector<StoredTensor>;

void add(StoredTensors& tensors, std::string name, const at::Tensor& x) {
  if (x.defined()) tensors.push_back(stored_tensor(std::move(name), x));
}

// The tensors of a module in the experts' file, borrowed.
StoredTensors module_tensors(const Network& network, const ModuleSpec& spec, const StoredModule& stored) {
  StoredTensors tensors;
  for (std::size_t m = 0; m < spec.maps.size(); ++m) {
    const StoredExperts& experts = stored.maps[m];
    const std::string& name = weight_name(network, spec.maps[m]);
    add(tensors, name, experts.dense);
    add(tensors, name + ".mask", experts.mask);
    add(tensors, name + ".values", experts.values);
    add(tensors, name + ".up", experts.up);
    add(tensors, name + ".down", experts.down);
    add(tensors, bias_name(network, spec.maps[m]), stored.biases[m]);
  }
  return tensors;
}

// Those of all routers, likewise; they follow the modules'.
StoredTensors all_router_tensors(const Network& network, const RoutedParts& parts) {
  StoredTensors tensors;
  for (const auto& [module, router] : parts.routers) {
    const ModuleSpec& spec = network.modules()[module];
    const std::vector<RouterTensor> named = router_tensors(parts.spec, spec.width);
    for (std::size_t i = 0; i < router.size(); ++i)
      add(tensors, router_prefix(parts.spec, spec) + named[i].name, router[i]);
    if (parts.spec.shared_router) break;
  }
  return tensors;
}

void add_outlines(std::vector<TensorOutline>& outlines, const StoredTensors& tensors) {
  for (const StoredTensor& tensor : tensors) outlines.push_back({tensor.name, tensor.dtype, tensor.shape});
}

// What the experts' file will have, before dense experts are read.
std::vector<TensorOutline> file_outline(const Network& network, const RoutedParts& parts) {
  const std::uint64_t experts = parts.spec.experts.size();
  std::vector<TensorOutline> outlines;
  for (const std::size_t module : parts.spec.modules) {
    const ModuleSpec& spec = network.modules()[module];
    if (const auto found = parts.modules.find(module); found != parts.modules.end()) {
      add_outlines(outlines, module_tensors(network, spec, found->second));
      continue;
    }
    WOOTZ_CHECK(parts.spec.storage == ExpertStorage::kDense);
    for (const LinearParameters& map : spec.maps)
      for (const std::size_t parameter : {map.weight, map.bias}) {
        const ParameterSpec& of_base = network.parameters()[parameter];
        Shape shape = of_base.shape;
        shape.insert(shape.begin(), experts);
        outlines.push_back({of_base.name, Dtype::kF32, std::move(shape)});
      }
  }
  add_outlines(outlines, all_router_tensors(network, parts));
  return outlines;
}

// One name for what belongs together: the digest of all tensors' digests.
class RoutingId {
 public:
  void add(const StoredTensor& tensor) { digests_ += tensor.name + " " + bytes_digest(tensor.bytes) + "\n"; }
  std::string name() const { return bytes_digest(std::as_bytes(std::span(digests_))); }

 private:
  std::string digests_;
};

std::string id_of(const Network& network, const RoutedParts& parts) {
  RoutingId id;
  for (const auto& [module, stored] : parts.modules)
    for (const StoredTensor& tensor : module_tensors(network, network.modules()[module], stored)) id.add(tensor);
  for (const StoredTensor& tensor : all_router_tensors(network, parts)) id.add(tensor);
  return id.name();
}

// Writes the experts' file; returns the id.
Result<std::string> write_experts(FileSystem& files, const std::string& path, const RoutedParts& parts,
                                  const Network& network, const ReadModule& read) {
  RoutingId id;
  // The id of nothing is as long as the one to come.
  WOOTZ_TRY(const auto writer, SafetensorsWriter::create(files, path, file_outline(network, parts),
                                                         {{"format", "pt"}, {"routing_id", id.name()}}));
  const auto write = [&](const StoredTensors& tensors) -> Result<> {
    for (const StoredTensor& tensor : tensors) {
      id.add(tensor);
      WOOTZ_RETURN_IF_ERROR(writer->write(tensor));
    }
    return {};
  };
  for (const std::size_t module : parts.spec.modules) {
    const ModuleSpec& spec = network.modules()[module];
    if (const auto found = parts.modules.find(module); found != parts.modules.end()) {
      WOOTZ_RETURN_IF_ERROR(write(module_tensors(network, spec, found->second)));
    } else {
      WOOTZ_TRY(const StoredModule stored, guarded_result([&] { return read(module); }));
      WOOTZ_RETURN_IF_ERROR(write(module_tensors(network, spec, stored)));
    }
  }
  WOOTZ_RETURN_IF_ERROR(write(all_router_tensors(network, parts)));
  WOOTZ_RETURN_IF_ERROR(writer->finish("routing_id", id.name()));
  return id.name();
}

Json routing_json(const RoutingSpec& spec, const Network& network, const std::string& id) {
  Json modules = Json::array(), maps = Json::object();
  for (const std::size_t module : spec.modules) {
    const ModuleSpec& each = network.modules()[module];
    modules.push_back(each.name);
    for (const LinearParameters& map : each.maps) {
      const std::string& weight = weight_name(network, map);
      maps[each.name].push_back(weight.substr(0, weight.rfind('.')));
    }
  }
  return {{"version", kVersion},
          {"id", id},
          {"experts", spec.experts},
          {"modules", std::move(modules)},
          {"maps", std::move(maps)},
          {"router_layers", spec.router_layers},
          {"shared_router", spec.shared_router},
          {"layer_code", spec.layer_code},
          {"storage", storage_name(spec.storage)},
          {"batch_average", spec.batch_average}};
}

}  // namespace

std::vector<RouterTensor> router_tensors(const RoutingSpec& spec, std::int64_t width) {
  const auto experts = static_cast<std::int64_t>(spec.experts.size());
  switch (spec.router_layers) {
    case 0:
      return {{"output.bias", {experts}}};
    case 1:
      return {{"output.weight", {experts, width}}, {"output.bias", {experts}}};
    default:
      return {{"hidden.weight", {width, width + spec.layer_code}},
              {"hidden.bias", {width}},
              {"output.weight", {experts, width}},
              {"output.bias", {experts}}};
  }
}

std::string router_prefix(const RoutingSpec& spec, const ModuleSpec& module) {
  return spec.shared_router ? "router." : "routers." + module.name + ".";
}

at::Tensor layer_code(const RoutingSpec& spec, std::size_t position) {
  if (spec.layer_code == 0 || spec.router_layers < 2) return {};
  constexpr double kBase = 10000.0;
  const std::int64_t half = spec.layer_code / 2;
  const at::Tensor angles =
      static_cast<double>(position) * at::pow(kBase, -at::arange(half, at::kDouble) / static_cast<double>(half));
  return at::cat({angles.sin(), angles.cos()}).to(at::kFloat);
}

bool is_routed(const ModelConfig& config) { return config.model_type() == kRoutedModelType; }

Result<RoutedParts> load_routed_parts(FileSystem& files, const std::string& directory, const ModelConfig& config,
                                      const Network& network) {
  RoutedParts parts;
  WOOTZ_TRY(parts.spec, read_spec(config, network));
  const std::string path = join_path(directory, kExpertsFile);
  if (!files.exists(path))
    return fail(ErrorKind::kInput, "{}: not there; it holds the experts of the model in '{}'", path, directory);
  WOOTZ_TRY(const Checkpoint checkpoint, Checkpoint::open(files, path));
  PartsReader reader(checkpoint, network, parts);
  for (const std::size_t module : parts.spec.modules) WOOTZ_RETURN_IF_ERROR(reader.read_module(module));
  const std::string id = id_of(network, parts);
  if (const std::string said = config.section("routing")->text("id", ""); said != id)
    return fail(ErrorKind::kInput,
                "{}: holds other experts than config.json was written for: a file of another model, or a damaged one",
                path);
  return parts;
}

Result<> write_routed_parts(FileSystem& files, const std::string& directory, const RoutedParts& parts,
                            const Network& network, const ReadModule& read) {
  WOOTZ_TRY(const std::string id, write_experts(files, join_path(directory, kExpertsFile), parts, network, read));
  constexpr std::uint64_t kLargest = 16'000'000;
  const std::string path = join_path(directory, "config.json");
  WOOTZ_TRY(const std::string text, read_text(files, path, kLargest));
  WOOTZ_RETURN_IF_ERROR(ModelConfig::parse(text, path));
  const Json config = {
      {"model_type", kRoutedModelType},
      {"architectures", {"WootzRoutedModel"}},
      {"auto_map",
       {{"AutoConfig", "modeling_wootz.WootzRoutedConfig"}, {"AutoModel", "modeling_wootz.WootzRoutedModel"}}},
      {kBaseConfigKey, Json::parse(text)},
      {"routing", routing_json(parts.spec, network, id)}};
  WOOTZ_RETURN_IF_ERROR(
      write_text_atomically(files, path, config.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"));
  return write_text_atomically(files, join_path(directory, kModelingFile), std::string(modeling_file()));
}

}  // namespace wootz
