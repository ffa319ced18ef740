#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {

void register_trim(Registry& registry) {
  MethodSpec spec{.kind = MethodKind::kTransform, .name = "trim", .title = "Magnitude trim"};
  spec.summary = "Keeps the largest entries of each task vector.";
  spec.reference = "TIES-merging: resolving interference when merging models, 2023, arXiv:2306.01708";
  spec.formula =
      "Of the n entries of `tau_k` in the scope (a tensor, or the model) the `max(1, floor(density * n))` largest in "
      "magnitude are kept, the rest set to 0. Of equal magnitudes the first in the tensor counts as the larger; "
      "`density: 0` keeps none.\n\n"
      "With `rescale` the kept entries are multiplied by `sum|before| / sum|after|` of the scope.";
  spec.notes = "The first step of `ties`, without the election of signs.";
  spec.parameters = {global(density_param(0.2)), scope_param("tensor"), rescale_param(false)};
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(trim_transform())};
  registry.add(std::move(spec));
}

}  // namespace wootz
