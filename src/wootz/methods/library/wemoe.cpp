#include <cmath>

#include "wootz/methods/combine.h"
#include "wootz/methods/registry.h"

namespace wootz {
namespace {

// What every input is merged with before anything is learned.
std::unique_ptr<Combination> starting_sum(StageScope scope) {
  return make_task_vector_sum(scope.front().params.numbers("init"));
}

std::string check_routers(const ParamSet& values) {
  if (values.number("layer_code") > 0 && !values.flag("shared_router"))
    return "'layer_code' tells the modules of a shared router apart: add 'shared_router: true', or remove it";
  if (values.number("layer_code") > 0 && values.number("router_layers") < 2)
    return "'layer_code' goes into the hidden layer: it needs 'router_layers: 2'";
  if (std::fmod(values.number("layer_code"), 2.0) != 0.0)
    return "'layer_code' must be even: half of it are sines, half cosines";
  if (values.choice("storage") == "sparse" && values.number("keep") == 0.0)
    return "'keep' is 0, which leaves nothing of the experts: 0.1 is usual";
  return "";
}

std::vector<ParamSpec> wemoe_parameters() {
  return {{.name = "init",
           .scope = ParamScope::kModel,
           .fallback = 0.3,
           .description = "The coefficient of the static part, and the one that routers start from.",
           .effect = Effect::kAdds},
          {.name = "modules",
           .type = ParamType::kChoice,
           .fallback = 0.0,
           .description = "What is merged anew for every input: the MLPs, the attentions, or both.",
           .choices = {"mlp", "attention", "all"}},
          {.name = "router_layers",
           .type = ParamType::kInteger,
           .fallback = 2.0,
           .description = "0: constants, the same for every input; 1: a linear map; 2: with a hidden layer.",
           .minimum = 0,
           .maximum = 2},
          {.name = "shared_router",
           .type = ParamType::kFlag,
           .fallback = 0.0,
           .description = "One router for all modules (E-WEMoE)."},
          {.name = "layer_code",
           .type = ParamType::kInteger,
           .fallback = 0.0,
           .description = "Numbers that tell a shared router which module it works for, an even count; 0: none.",
           .minimum = 0,
           .maximum = 1024},
          {.name = "storage",
           .type = ParamType::kChoice,
           .fallback = 0.0,
           .description = "How task vectors are kept: whole, the largest `keep` of them, or at low `rank`.",
           .choices = {"dense", "sparse", "low_rank"}},
          {.name = "keep",
           .fallback = 0.1,
           .description = "The share of a tensor's values that sparse storage keeps.",
           .minimum = 0,
           .maximum = 1},
          {.name = "rank",
           .type = ParamType::kInteger,
           .fallback = 16.0,
           .description = "The rank of low-rank storage.",
           .minimum = 1,
           .maximum = 100000},
          {.name = "batch_average",
           .type = ParamType::kFlag,
           .fallback = 0.0,
           .description = "Merge once for a whole batch, by its mean coefficients, as FusionBench does by default."}};
}

}  // namespace

void register_wemoe(Registry& registry) {
  MethodSpec spec{.name = "wemoe", .title = "WEMoE"};
  spec.summary = "Merges every MLP anew for each input, by a small router learned from unlabeled data.";
  spec.reference = "Merging multi-task models via weight-ensembling mixture of experts, 2024, arXiv:2402.00433";
  spec.formula =
      "Outside the routed modules `theta = theta_0 + sum_k init_k * tau_k`. A routed module with input h [T, D] has\n\n"
      "`c(h) = mean over tokens of r(h_t)`, `theta(h) = theta_0 + sum_k c_k(h) * tau_k`,\n\n"
      "where `r(x) = W_2 relu(W_1 x + b_1) + b_2` (or `W x + b`, or `b`) is the module's router. Weights start from a "
      "normal distribution of deviation 0.01, the last bias from `init`, so that learning starts near task arithmetic. "
      "Routers are what is learned; there is no softmax and no clamp.\n\n"
      "E-WEMoE (arXiv:2410.21804) is `efficient: {keep: 0.1, shared_router: true}`: of every task vector's tensor only "
      "the values above the quantile `1 - keep` of its magnitudes stay, and one router serves all modules.";
  spec.notes =
      "For `wootz adapt`; the output is a model with routed modules, which `wootz eval` runs, `wootz fold` turns into "
      "a "
      "plain checkpoint, and `transformers` loads with `trust_remote_code`. Every input has its own coefficients, also "
      "in evaluation: FusionBench averages them over the batch unless told otherwise, which is `batch_average` here. "
      "The deviation 0.01 is the authors' code's; the paper calls it a variance.";
  spec.parameters = wemoe_parameters();
  spec.check = check_routers;
  spec.idempotent = false;
  // The authors', FusionBench's, the authors' for unseen tasks, and ours.
  spec.presets = {{.name = "paper", .steps = 1000, .learning_rate = 1e-4, .cosine = true},
                  {.name = "fusionbench", .steps = 1000, .learning_rate = 1e-4},
                  {.name = "generalization", .steps = 1000, .learning_rate = 2e-3, .cosine = true},
                  {.name = "guarded", .steps = 1000, .learning_rate = 1e-3, .cosine = true, .guard = true}};
  spec.combination = CombinationSpec{.make = starting_sum};
  registry.add(std::move(spec));
}

}  // namespace wootz
