#include "method_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace wootz::cli {
namespace {

std::string models_text(const MethodSpec& method) {
  const bool bounded = method.max_models != std::numeric_limits<std::size_t>::max();
  const std::string_view besides = method.base == BaseUse::kRequired ? " besides the base" : "";
  const auto models = [](std::size_t n) { return fmt::format("{} model{}", n, n == 1 ? "" : "s"); };
  if (bounded && method.min_models == method.max_models)
    return fmt::format("Takes {}{}.", models(method.min_models), besides);
  if (bounded) return fmt::format("Takes {} to {}{}.", method.min_models, models(method.max_models), besides);
  return fmt::format("Takes {} or more{}.", models(method.min_models), besides);
}

}  // namespace

std::string param_type_name(const ParamSpec& param) {
  switch (param.type) {
    case ParamType::kNumber:
      return "number";
    case ParamType::kInteger:
      return "integer";
    case ParamType::kFlag:
      return "true or false";
    case ParamType::kChoice:
      return "choice";
  }
  return "";
}

std::string param_values_text(const ParamSpec& param) {
  if (param.type == ParamType::kChoice) return fmt::format("{}", fmt::join(param.choices, " or "));
  const bool low = std::isfinite(param.minimum);
  const bool high = std::isfinite(param.maximum);
  if (param.type == ParamType::kFlag || (!low && !high)) return param_type_name(param);
  if (!high) return fmt::format("{}, at least {}", param_type_name(param), param.minimum);
  if (!low) return fmt::format("{}, at most {}", param_type_name(param), param.maximum);
  return fmt::format("{}, {} to {}", param_type_name(param), param.minimum, param.maximum);
}

std::string default_text(const ParamSpec& param) {
  if (!param.fallback) return "required";
  if (param.type == ParamType::kFlag) return *param.fallback != 0.0 ? "true" : "false";
  if (param.type == ParamType::kChoice) return param.choices[static_cast<std::size_t>(*param.fallback)];
  return fmt::format("{}", *param.fallback);
}

std::string needs_text(const MethodSpec& method) {
  std::string text;
  if (method.kind == MethodKind::kTransform)
    text = "Works on the task vectors, in front of a merge method that uses them.";
  else if (method.base == BaseUse::kRequired)
    text = "Needs `base_model`.";
  else
    text = "Needs no base: all listed models are merged alike.";
  text += " " + models_text(method);
  if (method.stochastic)
    text += " Random: what is drawn depends on the recipe's `seed`, the tensor and the model alone.";
  if (!method.order_independent) text += " The order of the models matters.";
  return text;
}

}  // namespace wootz::cli
