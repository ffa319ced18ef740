#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

constexpr const char* kDrop =
    "Of the n entries of a task vector in the scope (a tensor, or the model), by magnitude:\n\n"
    "`keep = max(1, floor(density * n))`, `top = min(floor(gamma * n), n - keep)`\n\n"
    "the `top` largest are dropped as outliers, the next `keep` kept, the rest dropped. Of equal magnitudes the first "
    "in the tensor counts as the larger. `density: 0` keeps none.";

constexpr const char* kNotes =
    "- mergekit drops the whole task vector of a tensor where `gamma * n` is below 1, as in every small tensor and "
    "with "
    "`gamma: 0`; here no outlier is dropped then.\n"
    "- A density above 0 keeps at least one entry of the scope.\n"
    "- Magnitudes are ranked within each tensor, as in mergekit, or with `scope: model` over the whole model. The "
    "paper "
    "ranks within rows, and its second share is of what the outliers leave over.";

void register_merge(Registry& registry) {
  MethodSpec spec{.name = "breadcrumbs", .title = "Model breadcrumbs"};
  spec.summary = "Drops the largest and the smallest entries of the task vectors and adds the weighted sum.";
  spec.reference = "Model breadcrumbs, 2023, arXiv:2312.06795";
  spec.formula = std::string(kDrop) +
                 "\n\n`theta = theta_0 + lambda * sum_k w_k * tau_k'`, divided by `sum_k w_k` with `normalize`.";
  spec.notes = kNotes;
  spec.parameters = {adding_weight_param(),  density_param(1.0),   gamma_param(),  scope_param("tensor"),
                     normalize_param(false), rescale_param(false), lambda_param(), int8_mask_param()};
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(breadcrumbs_transform())};
  spec.combination = task_arithmetic_combination();
  registry.add(std::move(spec));
}

void register_transform(Registry& registry) {
  MethodSpec spec{.kind = MethodKind::kTransform, .name = "breadcrumbs", .title = "Model breadcrumbs"};
  spec.summary = "Drops the largest and the smallest entries of the task vectors.";
  spec.reference = "Model breadcrumbs, 2023, arXiv:2312.06795";
  spec.formula = kDrop;
  spec.notes = kNotes;
  spec.parameters = {global(density_param(0.9)), global(gamma_param()), scope_param("tensor"), rescale_param(false)};
  spec.idempotent = false;
  spec.transforms = {with_l1_rescale(breadcrumbs_transform())};
  registry.add(std::move(spec));
}

}  // namespace

void register_breadcrumbs(Registry& registry) {
  register_merge(registry);
  register_transform(registry);
}

}  // namespace wootz
