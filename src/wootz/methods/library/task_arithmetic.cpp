#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"

namespace wootz {

void register_task_arithmetic(Registry& registry) {
  MethodSpec spec{.name = "task_arithmetic", .title = "Task arithmetic"};
  spec.summary = "Adds the weighted task vectors of the models to the base.";
  spec.reference = "Editing models with task arithmetic, 2023, arXiv:2212.04089";
  spec.formula =
      "`theta = theta_0 + lambda * sum_k w_k * tau_k`, where `tau_k = theta_k - theta_0`\n\n"
      "- Addition: positive weights; 0.3 is a common choice for eight tasks.\n"
      "- Negation (forgetting a task): a negative weight.\n"
      "- Analogy (A is to B as C is to D): weights -1, 1 and 1 for A, B and C.\n\n"
      "With `normalize: true` the sum is divided by the sum of the weights (unless that is below 1e-8 in magnitude).";
  spec.notes = "`density` and `rescale` are accepted, as in mergekit, and have no effect: nothing is dropped.";
  spec.parameters = {adding_weight_param(), density_param(1.0), normalize_param(false),
                     rescale_param(false),  lambda_param(),     int8_mask_param()};
  spec.idempotent = false;
  spec.combination = task_arithmetic_combination();
  registry.add(std::move(spec));
}

}  // namespace wootz
