#include "wootz/methods/combine.h"
#include "wootz/methods/registry.h"

namespace wootz {

void register_passthrough(Registry& registry) {
  MethodSpec spec{.name = "passthrough", .title = "Passthrough"};
  spec.summary = "One model as it is, or scaled.";
  spec.reference = "mergekit, arXiv:2403.13257";
  spec.formula = "`theta = scale * theta_1`";
  spec.notes = "Together with `dtype` or `out_dtype` it converts a checkpoint.";
  spec.parameters = {{.name = "scale",
                      .scope = ParamScope::kModel,
                      .fallback = 1.0,
                      .description = "Factor on the model's values.",
                      .effect = Effect::kAdds}};
  spec.lanes = Lanes::kParameters;
  spec.base = BaseUse::kNone;
  spec.max_models = 1;
  spec.combination = CombinationSpec{
      .make = [](StageScope scope) { return make_weighted_sum(1.0, scope.front().params.numbers("scale")); }};
  registry.add(std::move(spec));
}

}  // namespace wootz
