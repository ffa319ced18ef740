#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {

void register_della_linear(Registry& registry) {
  MethodSpec spec{.name = "della_linear", .title = "DELLA, linear"};
  spec.summary = "Drops entries of the task vectors at random, small ones more often, and adds the weighted sum.";
  spec.reference = "DELLA-merging, 2024, arXiv:2406.11617";
  spec.formula =
      "`tau_k'` as in `della`; `theta = theta_0 + lambda * sum_k w_k * tau_k'`, divided by `sum_k w_k` with "
      "`normalize`.";
  spec.notes = "See `della`.";
  spec.parameters = {adding_weight_param(), density_param(1.0), epsilon_param(),  normalize_param(false),
                     rescale_param(true),   lambda_param(),     int8_mask_param()};
  spec.check = check_rank_random;
  spec.stochastic = true;
  spec.order_independent = false;
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(rank_random_transform())};
  spec.combination = task_arithmetic_combination();
  registry.add(std::move(spec));
}

}  // namespace wootz
