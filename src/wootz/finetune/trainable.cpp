#include "wootz/finetune/trainable.h"

#include <algorithm>
#include <cmath>

#include "wootz/core/rng.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

bool contains_any(const std::string& name, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) { return name.find(part) != name.npos; });
}

at::Tensor leaf(const at::Tensor& values) { return values.detach().clone().requires_grad_(true); }

class TrainedParameters : public Trainable {
 public:
  TrainedParameters(const Network& network, ParameterList parameters, const std::vector<std::string>& freeze)
      : parameters_(std::move(parameters)) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const std::string& name = network.parameters()[i].name;
      if (contains_any(name, freeze)) continue;
      parameters_[i] = leaf(parameters_[i]);
      values_.push_back(parameters_[i]);
      names_.push_back(name);
    }
  }
  ParameterList effective() const override { return parameters_; }

 private:
  ParameterList parameters_;
};

// "a.b.q_proj.weight" -> "a.b.q_proj", or "" when it is no weight.
std::string module_of(const std::string& parameter) {
  constexpr std::string_view kWeight = ".weight";
  return parameter.ends_with(kWeight) ? parameter.substr(0, parameter.size() - kWeight.size()) : "";
}

bool is_target(const std::string& module, const std::string& target) {
  return module == target || module.ends_with("." + target);
}

// PEFT's first A: uniform within 1 / sqrt(in), as torch initializes a linear map.
at::Tensor random_factor(std::int64_t rank, std::int64_t in, const std::string& name, std::uint64_t seed) {
  at::Tensor values = at::empty({rank, in}, at::kFloat);
  const RngKey key = rng_key(seed, name, 0);
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  float* out = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    out[i] = static_cast<float>(bound * (2.0 * random_unit(key, static_cast<std::uint64_t>(i)) - 1.0));
  return values;
}

class TrainedAdapters : public Trainable {
 public:
  TrainedAdapters(const Network& network, ParameterList parameters, const LoraSettings& settings, std::uint64_t seed)
      : parameters_(std::move(parameters)), factor_(settings.alpha / static_cast<double>(settings.rank)) {
    const auto rank = static_cast<std::int64_t>(settings.rank);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const ParameterSpec& spec = network.parameters()[i];
      const std::string module = module_of(spec.name);
      const bool wanted = std::any_of(settings.targets.begin(), settings.targets.end(),
                                      [&](const std::string& target) { return is_target(module, target); });
      if (!wanted || !spec.matrix || spec.shape.size() != 2) continue;
      const at::Device device = parameters_[i].device();
      add("base_model.model." + module + ".lora_A.weight",
          random_factor(rank, parameters_[i].size(1), module, seed).to(device));
      add("base_model.model." + module + ".lora_B.weight",
          at::zeros({parameters_[i].size(0), rank}, parameters_[i].options()));
      adapted_.push_back(i);
    }
  }

  ParameterList effective() const override {
    ParameterList effective = parameters_;
    for (std::size_t k = 0; k < adapted_.size(); ++k)
      effective[adapted_[k]] =
          at::addmm(parameters_[adapted_[k]], values_[2 * k + 1], values_[2 * k], /*beta=*/1, factor_);
    return effective;
  }

 private:
  void add(std::string name, const at::Tensor& values) {
    names_.push_back(std::move(name));
    values_.push_back(leaf(values));
  }

  ParameterList parameters_;
  std::vector<std::size_t> adapted_;  ///< indices into parameters_; values_ holds A and B of each
  double factor_;
};

}  // namespace

Result<std::unique_ptr<Trainable>> train_parameters(const Network& network, ParameterList parameters,
                                                    const std::vector<std::string>& freeze) {
  auto trainable = std::make_unique<TrainedParameters>(network, std::move(parameters), freeze);
  if (trainable->values().empty()) return fail(ErrorKind::kUsage, "'freeze' leaves no parameter to train");
  return trainable;
}

Result<std::unique_ptr<Trainable>> train_adapters(const Network& network, ParameterList parameters,
                                                  const LoraSettings& settings, std::uint64_t seed) {
  for (const std::string& target : settings.targets) {
    const bool found =
        std::any_of(network.parameters().begin(), network.parameters().end(),
                    [&](const ParameterSpec& spec) { return spec.matrix && is_target(module_of(spec.name), target); });
    if (!found) return fail(ErrorKind::kUsage, "'target_modules': no linear map of the model is named '{}'", target);
  }
  return std::make_unique<TrainedAdapters>(network, std::move(parameters), settings, seed);
}

std::vector<std::string> default_lora_targets(const Network& network) {
  if (network.info().architecture.starts_with("clip")) return {"q_proj", "v_proj"};
  return {"query", "value"};
}

}  // namespace wootz
