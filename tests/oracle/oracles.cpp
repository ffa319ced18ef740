#include "oracle/oracles.h"

#include <algorithm>

#include "wootz/core/check.h"

namespace wootz::oracle {

void Oracles::transform(const std::string& name, TransformOracle oracle, std::size_t stages) {
  WOOTZ_CHECK(transforms_.emplace(name, Transform{std::move(oracle), stages}).second);
}

void Oracles::merge(const std::string& name, MergeOracle oracle) {
  WOOTZ_CHECK(merges_.emplace(name, std::move(oracle)).second);
}

const Oracles::Transform* Oracles::find_transform(const std::string& name) const {
  const auto found = transforms_.find(name);
  return found == transforms_.end() ? nullptr : &found->second;
}

const MergeOracle* Oracles::find_merge(const std::string& name) const {
  const auto found = merges_.find(name);
  return found == merges_.end() ? nullptr : &found->second;
}

const Oracles& oracles() {
  static const Oracles table = [] {
    Oracles made;
    register_oracles(made);
    return made;
  }();
  return table;
}

void for_each_scope(Stage& stage, const std::function<void(Vectors& lanes)>& rewrite) {
  if (!stage.params.has("scope") || stage.params.choice("scope") != "model") {
    for (Tensor& tensor : stage.tensors) rewrite(tensor.lanes);
    return;
  }
  Vectors all(stage.models());
  for (const Tensor& tensor : stage.tensors)
    for (std::size_t k = 0; k < all.size(); ++k)
      all[k].insert(all[k].end(), tensor.lanes[k].begin(), tensor.lanes[k].end());
  rewrite(all);
  std::ptrdiff_t at = 0;
  for (Tensor& tensor : stage.tensors) {
    for (std::size_t k = 0; k < all.size(); ++k)
      std::copy_n(all[k].begin() + at, tensor.lanes[k].size(), tensor.lanes[k].begin());
    at += static_cast<std::ptrdiff_t>(tensor.base.size());
  }
}

Vectors models_of(const Tensor& tensor) {
  Vectors models = tensor.lanes;
  for (Vector& model : models)
    for (std::size_t i = 0; i < model.size(); ++i) model[i] += tensor.base[i];
  return models;
}

MergeOracle by_tensor(std::function<Vector(const Stage& stage, const Tensor& tensor)> merge) {
  return [merge = std::move(merge)](Stage& stage) {
    Vectors merged;
    for (const Tensor& tensor : stage.tensors) merged.push_back(merge(stage, tensor));
    return merged;
  };
}

}  // namespace wootz::oracle
