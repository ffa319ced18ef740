#include "wootz/methods/combine.h"
#include "wootz/methods/registry.h"

namespace wootz {

void register_average(Registry& registry) {
  MethodSpec spec{.name = "average", .title = "Average"};
  spec.summary = "The plain mean of the models.";
  spec.reference = "Model soups, 2022, arXiv:2203.05482 (uniform soup)";
  spec.formula = "`theta = (1/K) * sum_k theta_k`";
  spec.notes = "mergekit has no method of this name; it equals `linear` with equal weights.";
  spec.lanes = Lanes::kParameters;
  spec.base = BaseUse::kNone;
  spec.combination = CombinationSpec{.make = [](StageScope scope) {
    const std::size_t models = scope.front().models;
    return make_weighted_sum(1.0 / static_cast<double>(models), std::vector<double>(models, 1.0));
  }};
  registry.add(std::move(spec));
}

}  // namespace wootz
