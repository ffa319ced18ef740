#include "wootz/nn/model.h"

#include <unordered_map>

#include "wootz/core/check.h"
#include "wootz/io/checkpoint.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"
#include "wootz/nn/network_input.h"
#include "wootz/nn/routed_model.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {

struct Model::Implementation {
  std::unique_ptr<Network> network;
  ModelInfo info;
  std::vector<Parameter> names;
  std::unordered_map<std::string_view, std::size_t> by_name;  ///< keys view into names
  NetworkWeights weights;                                     ///< on the device, in the precision they run in
  at::Device device = at::kCPU;
  std::optional<RoutingInfo> routing;
};

namespace {

RoutingInfo routing_info(const ModelConfig& config, const Network& network, const Routing& routing) {
  RoutingInfo info;
  info.experts = config.section("routing")->texts("experts");
  for (const auto& [module, routed] : routing.modules) {
    info.modules.push_back(network.modules()[module].name);
    info.sees_input = routed.router.needs_input();
  }
  return info;
}

std::vector<float> to_vector(const at::Tensor& x) {
  const at::Tensor plain = x.to(at::kCPU, at::kFloat).contiguous();
  const float* values = plain.const_data_ptr<float>();
  return {values, values + plain.numel()};
}

}  // namespace

Result<> check_batch(const ModelInfo& info, const Batch& batch) {
  if (batch.kind != info.input)
    return fail(ErrorKind::kIncompatible, "{}: takes {}, but was given {}", info.directory,
                info.input == InputKind::kImage ? "images" : "texts",
                batch.kind == InputKind::kImage ? "images" : "texts");
  if (info.input == InputKind::kImage && (batch.height != info.image_size || batch.width != info.image_size))
    return fail(ErrorKind::kIncompatible, "{}: takes images of {} x {} pixels, but its preprocessing makes {} x {}",
                info.directory, info.image_size, info.image_size, batch.width, batch.height);
  if (info.input == InputKind::kText && batch.length > info.max_tokens)
    return fail(ErrorKind::kIncompatible, "{}: takes texts of at most {} tokens, but was given {}", info.directory,
                info.max_tokens, batch.length);
  if (info.input == InputKind::kText)
    for (const std::int64_t length : batch.lengths)
      if (length < 1) return fail(ErrorKind::kIncompatible, "{}: a text has no tokens at all", info.directory);
  return {};
}

Model::Model(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Result<Model> Model::load(FileSystem& files, const std::string& path, const ModelOptions& options) {
  auto made = std::make_unique<Implementation>();
  WOOTZ_TRY(made->device, open_device(options.device));
  set_network_threads(options.threads);
  WOOTZ_TRY(const Checkpoint checkpoint, Checkpoint::open(files, path));
  WOOTZ_TRY(const ModelConfig config, ModelConfig::load(files, checkpoint.directory()));
  const bool routed = is_routed(config);
  WOOTZ_TRY(made->network,
            make_network(routed ? base_config(config) : config, tensor_names(checkpoint), options.architecture));
  WOOTZ_TRY(NetworkWeights weights, load_parameters(checkpoint, *made->network));
  if (routed) {
    WOOTZ_TRY(weights, load_routed_weights(files, config, *made->network, std::move(weights.values), made->device));
    made->routing = routing_info(config, *made->network, *weights.routing);
  }
  made->info = made->network->info();
  made->info.directory = checkpoint.directory();
  for (const ParameterSpec& spec : made->network->parameters()) made->names.push_back({spec.name, spec.shape});
  for (std::size_t i = 0; i < made->names.size(); ++i) made->by_name.emplace(made->names[i].name, i);
  WOOTZ_TRY(made->weights, guarded([&] {
              const at::NoGradGuard no_gradients;
              for (at::Tensor& values : weights.values) values = values.to(made->device);
              return with_precision(*made->network, weights, options.precision);
            }));
  return Model(std::move(made));
}

const ModelInfo& Model::info() const { return implementation_->info; }

const std::optional<RoutingInfo>& Model::routing() const { return implementation_->routing; }

Result<std::vector<float>> Model::coefficients(const Batch& batch) const {
  WOOTZ_CHECK(routing().has_value());
  WOOTZ_RETURN_IF_ERROR(check_batch(info(), batch));
  return guarded([&] {
    const at::NoGradGuard no_gradients;
    std::vector<at::Tensor> seen;
    auto observed = std::make_shared<Routing>(*implementation_->weights.routing);
    observed->observer = [&seen](std::size_t, const at::Tensor& coefficients) { seen.push_back(coefficients); };
    NetworkWeights weights = implementation_->weights;
    weights.routing = std::move(observed);
    implementation_->network->features(weights, network_input(batch, implementation_->device));
    return to_vector(at::stack(seen, 1));
  });
}

const std::vector<Model::Parameter>& Model::parameters() const { return implementation_->names; }

Result<std::vector<float>> Model::features(const Batch& batch) const {
  WOOTZ_RETURN_IF_ERROR(check_batch(info(), batch));
  return guarded([&] {
    const at::NoGradGuard no_gradients;
    return to_vector(
        implementation_->network->features(implementation_->weights, network_input(batch, implementation_->device)));
  });
}

Result<std::vector<float>> Model::logits(const Batch& batch, const Head* head) const {
  WOOTZ_RETURN_IF_ERROR(check_batch(info(), batch));
  if (head == nullptr && info().classes == 0)
    return fail(ErrorKind::kUsage, "{}: has no classifier of its own; give the task a 'head'", info().directory);
  if (head != nullptr && head->feature_size != info().feature_size)
    return fail(ErrorKind::kIncompatible, "{}: is a head for {} features, but {} gives {}", head->path,
                head->feature_size, info().directory, info().feature_size);
  return guarded([&] {
    const at::NoGradGuard no_gradients;
    const NetworkInput input = network_input(batch, implementation_->device);
    const Network& network = *implementation_->network;
    if (head == nullptr) return to_vector(network.logits(implementation_->weights, input));
    return to_vector(head_logits(network.features(implementation_->weights, input).cpu(), head_tensors(*head)));
  });
}

void Model::assign(std::string_view name, std::span<const float> values) {
  const auto found = implementation_->by_name.find(name);
  WOOTZ_CHECK(found != implementation_->by_name.end());
  at::Tensor& parameter = implementation_->weights.values[found->second];
  WOOTZ_CHECK(values.size() == static_cast<std::size_t>(parameter.numel()));
  const at::NoGradGuard no_gradients;
  parameter.copy_(at::from_blob(const_cast<float*>(values.data()), parameter.sizes(), at::kFloat));  // NOLINT
}

}  // namespace wootz
