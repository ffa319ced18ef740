#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {

void register_dare_ties(Registry& registry) {
  MethodSpec spec{.name = "dare_ties", .title = "DARE with sign election"};
  spec.summary = "Drops entries of the task vectors at random, rescales the rest, and merges them by elected sign.";
  spec.reference = "Language models are super Mario (DARE), 2024, arXiv:2311.03099; TIES-merging, arXiv:2306.01708";
  spec.formula =
      "`tau_k'` as in `dare_linear`; then at every entry, with `v_k = w_k * tau_k'`:\n\n"
      "`s = +1 if sum_k v_k >= 0 else -1`, `A = {k: v_k has sign s}`\n\n"
      "`theta = theta_0 + lambda * sum_{k in A} v_k`, divided by `sum_{k in A} w_k` with `normalize`.";
  spec.notes =
      "As for `dare_linear`: rescaled by sums of magnitudes as in mergekit, reproducible from the seed, and with "
      "another "
      "random stream than torch's. The weighted entries vote, so a negative weight turns a model's vote round.";
  spec.parameters = {weight_param(),      density_param(1.0), normalize_param(false),
                     rescale_param(true), lambda_param(),     int8_mask_param()};
  spec.stochastic = true;
  spec.order_independent = false;
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(random_transform())};
  spec.combination = consensus_combination();
  registry.add(std::move(spec));
}

}  // namespace wootz
