#include "wootz/methods/combine.h"
#include "wootz/methods/registry.h"

namespace wootz {
namespace {

// What the merge is before anything is learned, and after, with the learned values in the place of `init`.
std::unique_ptr<Combination> starting_sum(StageScope scope) {
  return make_task_vector_sum(scope.front().params.numbers("init"));
}

}  // namespace

void register_adamerging(Registry& registry) {
  MethodSpec spec{.name = "adamerging", .title = "AdaMerging"};
  spec.summary = "Learns the coefficients of task arithmetic from unlabeled data, by the entropy of the predictions.";
  spec.reference = "AdaMerging: adaptive model merging for multi-task learning, 2024, arXiv:2310.02575";
  spec.formula =
      "`theta^l = theta_0^l + sum_k lambda_k^l * tau_k^l` for every tensor l, where the coefficients minimize\n\n"
      "`sum_k mean over x of task k of H(p_k(x)),  H(p) = -sum_c p_c log p_c`\n\n"
      "with p_k the softmax over the merged model's logits with the frozen head of task k. The gradient is an inner "
      "product: `dL/dlambda_k^l = <dL/dtheta^l, tau_k^l>`, so no graph runs through the merge. With `granularity: "
      "task` "
      "a model has one coefficient, the gradient the sum over its tensors.\n\n"
      "Behind `task_vectors: [ties]` this is AdaMerging++, behind `awd` AWD-AM.";
  spec.notes =
      "For `wootz adapt`; its `adapt:` section says on which data and how long. `clamp` is true as in the authors' "
      "code, "
      "and false under `preset: fusionbench`, as in FusionBench; a coefficient pushed out of the interval has no "
      "gradient "
      "and stays there. Coefficients are kept by tensor name; the output's recipe applies them by `wootz merge`.";
  spec.parameters = {
      {.name = "granularity",
       .type = ParamType::kChoice,
       .fallback = 1.0,
       .description = "What has a coefficient of its own: the model, every tensor, or every block.",
       .choices = {"task", "layer", "block"}},
      {.name = "init",
       .scope = ParamScope::kModel,
       .fallback = 0.3,
       .description = "The coefficient that learning starts from.",
       .effect = Effect::kAdds},
      {.name = "clamp", .type = ParamType::kFlag, .fallback = 1.0, .description = "Keep the coefficients in [0, 1]."}};
  spec.idempotent = false;
  // The authors' code, FusionBench's, and ours.
  spec.presets = {{.name = "paper", .steps = 500, .batches_per_step = 2, .learning_rate = 1e-3, .clamp = true},
                  {.name = "fusionbench", .steps = 1000, .learning_rate = 1e-3},
                  {.name = "guarded", .steps = 500, .learning_rate = 1e-3, .guard = true}};
  spec.combination = CombinationSpec{.make = starting_sum};
  registry.add(std::move(spec));
}

}  // namespace wootz
