#include <numeric>

#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"

namespace wootz {
namespace {

double sum_of(const std::vector<double>& weights) { return std::accumulate(weights.begin(), weights.end(), 0.0); }

std::string check(const ParamSet& params) {
  if (!params.flag("normalize") || sum_of(params.numbers("weight")) != 0.0) return "";
  return "the weights sum to 0, so they cannot be normalized; change a weight or set normalize: false";
}

std::unique_ptr<Combination> make(StageScope scope) {
  const ParamSet& params = scope.front().params;
  const std::vector<double>& weights = params.numbers("weight");
  return make_weighted_sum(params.flag("normalize") ? 1.0 / sum_of(weights) : 1.0, weights);
}

}  // namespace

void register_linear(Registry& registry) {
  MethodSpec spec{.name = "linear", .title = "Linear"};
  spec.summary = "A weighted mean (or sum) of the models.";
  spec.reference = "Model soups, 2022, arXiv:2203.05482";
  spec.formula =
      "`theta = sum_k w_k * theta_k / sum_k w_k`\n\n"
      "With `normalize: false` the sum is not divided.";
  spec.notes =
      "- Summed in float64 and rounded once to the output's dtype; mergekit 0.1.4 rounds weights, products and the "
      "quotient to the models' dtype.\n"
      "- Weights that sum to 0 while `normalize` is true are an error; mergekit writes NaN or infinity.\n"
      "- A `base_model` has no special role: list it among the models to give it a weight.";
  spec.parameters = {adding_weight_param(), normalize_param(true)};
  spec.check = check;
  spec.lanes = Lanes::kParameters;
  spec.base = BaseUse::kNone;
  spec.combination = CombinationSpec{.make = make};
  registry.add(std::move(spec));
}

}  // namespace wootz
