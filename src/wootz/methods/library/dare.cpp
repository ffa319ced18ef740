#include "wootz/kernels/kernels.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

/// Random dropping with the paper's rescale, 1 / density.
class Dare : public Transform {
 public:
  Dare(std::unique_ptr<Transform> drop, StageScope scope) : drop_(std::move(drop)) {
    const ParamSet& params = scope.front().params;
    const double density = params.number("density");
    if (params.flag("rescale") && density > 0.0) factor_ = 1.0 / density;
  }

  Result<> apply(std::size_t tensor, PieceState* state, const Block& block) const override {
    WOOTZ_RETURN_IF_ERROR(drop_->apply(tensor, state, block));
    if (factor_ == 1.0) return {};
    for (double* lane : block.lanes) kernels::scale(lane, factor_, block.size);
    return {};
  }

 private:
  std::unique_ptr<Transform> drop_;
  double factor_ = 1.0;
};

Result<std::unique_ptr<Transform>> make(StageScope scope) {
  WOOTZ_TRY(std::unique_ptr<Transform> drop, random_transform().make(scope));
  return std::make_unique<Dare>(std::move(drop), scope);
}

}  // namespace

void register_dare(Registry& registry) {
  MethodSpec spec{.kind = MethodKind::kTransform, .name = "dare", .title = "DARE"};
  spec.summary = "Drops entries of the task vectors at random and divides the rest by the share kept.";
  spec.reference = "Language models are super Mario (DARE), 2024, arXiv:2311.03099";
  spec.formula =
      "`tau_k' = m_k * tau_k / density` with every entry of `m_k` 1 with probability `density`, else 0\n\n"
      "The expected value of `tau_k'` is `tau_k`. The paper's drop rate is `p = 1 - density`.";
  spec.notes = "With `rescale: false` the rest is not divided.";
  ParamSpec rescale = rescale_param(true);
  rescale.description = "Divide what is kept by the density.";
  spec.parameters = {global(density_param(0.5)), rescale};
  spec.stochastic = true;
  spec.order_independent = false;
  spec.idempotent = false;
  spec.transforms = {{.make = make}};
  registry.add(std::move(spec));
}

}  // namespace wootz
