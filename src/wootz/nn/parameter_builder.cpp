#include "wootz/nn/parameter_builder.h"

namespace wootz {

ParameterIndex ParameterBuilder::add(std::string name, std::vector<std::int64_t> shape) {
  specs_->push_back({std::move(name), Shape(shape.begin(), shape.end())});
  return specs_->size() - 1;
}

LinearParameters ParameterBuilder::linear(const std::string& name, std::int64_t out, std::int64_t in) {
  const ParameterIndex weight = add(name + ".weight", {out, in});
  specs_->back().matrix = true;
  return {weight, add(name + ".bias", {out})};
}

LinearParameters ParameterBuilder::key(const std::string& name, std::int64_t out, std::int64_t in) {
  const LinearParameters parameters = linear(name, out, in);
  specs_->back().inert = true;
  return parameters;
}

NormParameters ParameterBuilder::norm(const std::string& name, std::int64_t width) {
  const ParameterIndex weight = add(name + ".weight", {width});
  return {weight, add(name + ".bias", {width})};
}

BlockModule ParameterBuilder::module(std::string name, ModuleKind kind, std::int64_t width,
                                     std::vector<LinearParameters> maps) {
  modules_->push_back({std::move(name), kind, width, maps});
  return {modules_->size() - 1, std::move(maps)};
}

}  // namespace wootz
