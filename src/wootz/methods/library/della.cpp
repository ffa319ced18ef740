#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

constexpr const char* kDrop =
    "In every row of n entries (a row is one index of the first dimension; a 1-D tensor is one row), with r = 0 .. n-1 "
    "the rank of `|tau_k|` in ascending order, an entry is kept with probability\n\n"
    "`p = density - epsilon + 2 * epsilon * r / (n - 1)`\n\n"
    "With `rescale` the kept entries are multiplied by the tensor's `sum|before| / sum|after|`.";

MethodSpec describe() {
  MethodSpec spec{.name = "della", .title = "DELLA"};
  spec.reference = "DELLA-merging, 2024, arXiv:2406.11617";
  spec.stochastic = true;
  spec.order_independent = false;
  spec.check = check_rank_random;
  spec.transforms = {with_l1_rescale(rank_random_transform())};
  return spec;
}

void register_merge(Registry& registry) {
  MethodSpec spec = describe();
  spec.summary = "Drops entries of the task vectors at random, small ones more often, and merges by elected sign.";
  spec.formula = std::string(kDrop) + "\n\nThen the entries are merged by elected sign, as in `ties`.";
  spec.notes =
      "- Ranks are exact and equal magnitudes are ranked by index. mergekit keeps ranks in the models' dtype: in "
      "bfloat16 "
      "a row of 4096 has only 704 different ones.\n"
      "- A row of a tensor with more than two dimensions is everything under one index of the first; mergekit ranks "
      "along the second dimension there.\n"
      "- Unless the density is 0 or 1, `density - epsilon` and `density + epsilon` must lie strictly between 0 and 1; "
      "anything else is an error before any data is read.\n"
      "- The paper divides every kept entry by its own probability; like mergekit, this keeps the sum of magnitudes.";
  spec.parameters = {weight_param(),      density_param(1.0), epsilon_param(),  normalize_param(true),
                     rescale_param(true), lambda_param(),     int8_mask_param()};
  spec.combination = consensus_combination();
  registry.add(std::move(spec));
}

void register_transform(Registry& registry) {
  MethodSpec spec = describe();
  spec.kind = MethodKind::kTransform;
  spec.summary = "Drops entries of the task vectors at random, small ones more often.";
  spec.formula = kDrop;
  spec.notes = "The thinning of the merge methods `della` and `della_linear`, for use before any other method.";
  spec.parameters = {global(density_param(0.5)), global(epsilon_param()), rescale_param(true)};
  spec.idempotent = false;
  registry.add(std::move(spec));
}

}  // namespace

void register_della(Registry& registry) {
  register_merge(registry);
  register_transform(registry);
}

}  // namespace wootz
