#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {

void register_dare_linear(Registry& registry) {
  MethodSpec spec{.name = "dare_linear", .title = "DARE, linear"};
  spec.summary = "Drops entries of the task vectors at random, rescales the rest, and adds the weighted sum.";
  spec.reference = "Language models are super Mario (DARE), 2024, arXiv:2311.03099";
  spec.formula =
      "`tau_k' = r_k * m_k * tau_k` with every entry of `m_k` 1 with probability `density`, else 0\n\n"
      "`theta = theta_0 + lambda * sum_k w_k * tau_k'`\n\n"
      "With `rescale`, `r_k = sum|tau_k| / sum|m_k * tau_k|` over the tensor (1 when either sum is below 1e-7); "
      "otherwise `r_k = 1`.";
  spec.notes =
      "- The rescale keeps the sum of magnitudes, as mergekit's does. The paper divides by the density, which is the "
      "same on average: for that use the transform `dare` before `task_arithmetic`.\n"
      "- An entry's fate depends on the recipe's seed, the tensor's name, the model's place in the list and the "
      "entry's "
      "index alone, so runs repeat exactly. The random stream is not torch's: masks differ from mergekit's.\n"
      "- `density: 0` gives the base.";
  spec.parameters = {adding_weight_param(), density_param(1.0), normalize_param(false),
                     rescale_param(true),   lambda_param(),     int8_mask_param()};
  spec.stochastic = true;
  spec.order_independent = false;
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(random_transform())};
  spec.combination = task_arithmetic_combination();
  registry.add(std::move(spec));
}

}  // namespace wootz
