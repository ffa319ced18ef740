#include "wootz/methods/common_params.h"

namespace wootz {
namespace {

ParamSpec flag(std::string name, bool fallback, std::string description) {
  return {.name = std::move(name),
          .type = ParamType::kFlag,
          .fallback = fallback ? 1.0 : 0.0,
          .description = std::move(description)};
}

}  // namespace

ParamSpec weight_param() {
  return {.name = "weight", .scope = ParamScope::kModel, .description = "Weight of the model in the sum."};
}

ParamSpec adding_weight_param() {
  ParamSpec param = weight_param();
  param.effect = Effect::kAdds;
  param.effect_without = "normalize";
  return param;
}

ParamSpec density_param(double fallback) {
  return {.name = "density",
          .scope = ParamScope::kModel,
          .fallback = fallback,
          .description = "Share of the task vector's entries that is kept.",
          .minimum = 0.0,
          .maximum = 1.0};
}

ParamSpec normalize_param(bool fallback) {
  return flag("normalize", fallback, "Divide by the sum of the weights that take part.");
}

ParamSpec rescale_param(bool fallback) {
  return flag("rescale", fallback, "Scale what is kept so that the sum of magnitudes is as before the drop.");
}

ParamSpec lambda_param() {
  return {
      .name = "lambda", .fallback = 1.0, .description = "Factor on the merged task vector.", .effect = Effect::kScales};
}

ParamSpec int8_mask_param() { return flag("int8_mask", false, "Accepted for mergekit's sake; has no effect."); }

ParamSpec gamma_param() {
  return {.name = "gamma",
          .scope = ParamScope::kModel,
          .fallback = 0.01,
          .description = "Share of the entries, the largest ones, that is dropped as outliers.",
          .minimum = 0.0,
          .maximum = 1.0};
}

ParamSpec epsilon_param() {
  return {.name = "epsilon",
          .scope = ParamScope::kModel,
          .fallback = 0.15,
          .description =
              "Half the spread of the keep probabilities: density - epsilon for the smallest entry of a row, "
              "density + epsilon for the largest.",
          .minimum = 0.0,
          .maximum = 1.0};
}

ParamSpec scope_param(std::string_view fallback) {
  return {.name = "scope",
          .type = ParamType::kChoice,
          .fallback = fallback == "tensor" ? 0.0 : 1.0,
          .description = "Whether entries are ranked within their tensor or within the whole model.",
          .choices = {"tensor", "model"}};
}

ParamSpec global(ParamSpec param) {
  param.scope = ParamScope::kGlobal;
  return param;
}

}  // namespace wootz
