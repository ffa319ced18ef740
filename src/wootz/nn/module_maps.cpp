#include "wootz/nn/module_maps.h"

#include "wootz/nn/torch_headers.h"

namespace wootz {

bool is_routed(const NetworkWeights& weights, const BlockModule& module) {
  return weights.routing != nullptr && weights.routing->modules.contains(module.number);
}

ModuleMaps::ModuleMaps(const NetworkWeights& weights, const BlockModule& module, const at::Tensor& input,
                       const at::Tensor& lengths)
    : weights_(weights), module_(module) {
  if (!is_routed(weights, module)) return;
  const Routing* routing = weights.routing.get();
  routed_ = &routing->modules.at(module.number);
  coefficients_ = route(routed_->router, input, lengths).to(routed_->maps[0].biases.scalar_type());
  if (routing->batch_average) coefficients_ = coefficients_.mean(0, true).expand({input.size(0), -1});
  if (routing->observer) routing->observer(module.number, coefficients_);
}

ModuleMaps::Mapped ModuleMaps::mapped(const at::Tensor& x, std::size_t map) const {
  const LinearParameters& plain = module_.maps[map];
  if (routed_ == nullptr) return {at::linear(x, weights_[plain.weight]), weights_[plain.bias]};
  return {apply(routed_->maps[map], x, coefficients_, weights_.routing->path), {}};
}

at::Tensor ModuleMaps::joint(const at::Tensor& x, std::initializer_list<std::size_t> maps) const {
  std::vector<at::Tensor> parts, biases;
  for (const std::size_t map : maps) {
    if (routed_ != nullptr) {
      parts.push_back(apply(routed_->maps[map], x, coefficients_, weights_.routing->path));
    } else {
      parts.push_back(weights_[module_.maps[map].weight]);
      biases.push_back(weights_[module_.maps[map].bias]);
    }
  }
  if (routed_ != nullptr) return at::cat(parts, -1);
  return at::linear(x, at::cat(parts), at::cat(biases).to(x.scalar_type()));
}

}  // namespace wootz
