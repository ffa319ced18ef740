#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {

void register_breadcrumbs_ties(Registry& registry) {
  MethodSpec spec{.name = "breadcrumbs_ties", .title = "Model breadcrumbs with sign election"};
  spec.summary = "Drops the largest and the smallest entries of the task vectors and merges by elected sign.";
  spec.reference = "Model breadcrumbs, 2023, arXiv:2312.06795; TIES-merging, arXiv:2306.01708";
  spec.formula = "The task vectors are thinned out as in `breadcrumbs` and merged by elected sign as in `ties`.";
  spec.notes = "See `breadcrumbs`.";
  spec.parameters = {weight_param(),         density_param(1.0),   gamma_param(),  scope_param("tensor"),
                     normalize_param(false), rescale_param(false), lambda_param(), int8_mask_param()};
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(breadcrumbs_transform())};
  spec.combination = consensus_combination();
  registry.add(std::move(spec));
}

}  // namespace wootz
