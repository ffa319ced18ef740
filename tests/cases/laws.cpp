// The laws of check_laws. Results are looked at in float64, before any rounding.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cases/modes.h"
#include "wootz/methods/registry.h"

namespace wootz::cases {
namespace {

using Values = std::vector<std::vector<double>>;

constexpr double kRounding = 1e-12;       // what another order of sums may change
constexpr double kMatrixRounding = 1e-6;  // the same of whole matrices, which are float32; changes are near 0.01

/// A case with all that its laws need: the models, and what its methods declare.
struct Subject {
  const Case& one;
  const Runner& runner;
  Dtype dtype = Dtype::kF32;
  std::vector<CaseTensor> tensors;
  std::vector<const MethodSpec*> specs;  // of the transforms, then of the method

  const MethodSpec& method() const { return *specs.back(); }
  bool all(bool MethodSpec::*trait) const {
    return std::all_of(specs.begin(), specs.end(), [&](const MethodSpec* spec) { return spec->*trait; });
  }
  bool any(bool MethodSpec::*trait) const {
    return std::any_of(specs.begin(), specs.end(), [&](const MethodSpec* spec) { return spec->*trait; });
  }
  double rounding() const { return any(&MethodSpec::whole_matrices) ? kMatrixRounding : kRounding; }
  bool works_on_changes() const { return method().lanes == Lanes::kTaskVectors; }
  bool has(const std::string& parameter) const {
    return std::any_of(method().parameters.begin(), method().parameters.end(),
                       [&](const ParamSpec& param) { return param.name == parameter; });
  }
  Values base() const {
    Values values;
    for (const CaseTensor& tensor : tensors) values.push_back(tensor.base);
    return values;
  }
  Result<Values> merge(const Case& other, const std::vector<CaseTensor>& with) const {
    CaseModels models(with, dtype);
    WOOTZ_TRY(Output output, runner(models, other, {}, "out_dtype: float64\n"));
    return std::move(output.values);
  }
  Result<Values> merge(const Case& other) const { return merge(other, tensors); }
};

/// The first place where two results are further apart than `tolerance`; NaN is only near itself.
Verdict differ(const Result<Values>& found, const Result<Values>& expected, double tolerance = 0.0) {
  if (!found) return found.error().message;
  if (!expected) return expected.error().message;
  for (std::size_t t = 0; t < found->size(); ++t)
    for (std::size_t i = 0; i < (*found)[t].size(); ++i) {
      const double a = (*found)[t][i];
      const double b = (*expected)[t][i];
      if (!(std::abs(a - b) <= tolerance) && !(std::isnan(a) && std::isnan(b)))
        return fmt::format("tensor {}, element {}: {} instead of {}", t, i, a, b);
    }
  return {};
}

Verdict models_equal_to_the_base_give_the_base(const Subject& subject) {
  if (!subject.works_on_changes()) return {};
  auto tensors = subject.tensors;
  for (CaseTensor& tensor : tensors) tensor.models.assign(tensor.models.size(), tensor.base);
  return differ(subject.merge(subject.one, tensors), subject.base());
}

Verdict the_seed_matters_exactly_to_random_methods(const Subject& subject) {
  Case other = subject.one;
  other.seed += 1;
  const auto expected = subject.merge(subject.one);
  if (!expected) return expected.error().message;
  const bool same = !differ(subject.merge(other), expected);
  if (same != subject.any(&MethodSpec::stochastic)) return {};
  return same ? "another seed gives the same" : "another seed gives something else";
}

Verdict the_order_of_models_matters_to_rounding_at_most(const Subject& subject) {
  if (!subject.all(&MethodSpec::order_independent) || subject.one.models < 2) return {};
  Case turned = subject.one;
  for (auto& [name, values] : turned.method.parameters) std::reverse(values.begin(), values.end());
  auto tensors = subject.tensors;
  for (CaseTensor& tensor : tensors) std::reverse(tensor.models.begin(), tensor.models.end());
  return differ(subject.merge(turned, tensors), subject.merge(subject.one), subject.rounding());
}

/// A matrix that holds NaN has no singular vectors: the merge stops and says which it is.
Verdict names_tensor(const Result<Values>& merged, const std::string& name) {
  if (merged) return "a matrix with NaN was merged";
  if (merged.error().message.find(name) != std::string::npos) return {};
  return "the error names no tensor: " + merged.error().message;
}

Verdict what_is_no_number_does_not_spread(const Subject& subject) {
  auto tensors = subject.tensors;
  const auto largest = std::max_element(tensors.begin(), tensors.end(),
                                        [](const auto& a, const auto& b) { return a.base.size() < b.base.size(); });
  const std::size_t size = largest->base.size();
  if (size < 3) return {};
  largest->models[0][size / 3] = std::numeric_limits<double>::quiet_NaN();
  largest->models[0][size / 2] = std::numeric_limits<double>::infinity();
  const auto merged = subject.merge(subject.one, tensors);
  if (subject.any(&MethodSpec::whole_matrices)) return names_tensor(merged, largest->name);
  if (!merged) return merged.error().message;
  for (std::size_t t = 0; t < tensors.size(); ++t)
    for (std::size_t i = 0; i < tensors[t].base.size(); ++i) {
      const bool hit = &tensors[t] == &*largest && (i == size / 3 || i == size / 2);
      if (!hit && !std::isfinite((*merged)[t][i]))
        return fmt::format("tensor {}, element {}: {}", t, i, (*merged)[t][i]);
    }
  return {};
}

/// The method alone, with its defaults.
Case with_defaults(const Subject& subject) {
  Case plain = subject.one;
  plain.transforms.clear();
  plain.method.parameters.clear();
  for (const ParamSpec& param : subject.method().parameters)
    if (!param.fallback) plain.method.set(param.name, {param.scope == ParamScope::kModel ? "1" : "0.3"});
  return plain;
}

Verdict copies_of_a_model_give_the_model(const Subject& subject) {
  if (!subject.method().idempotent) return {};
  auto tensors = subject.tensors;
  Values expected;
  for (CaseTensor& tensor : tensors) {
    tensor.models.assign(tensor.models.size(), tensor.models[0]);
    if (!subject.works_on_changes()) tensor.base = tensor.models[0];  // which may be one of two ends
    expected.push_back(tensor.models[0]);
  }
  auto merged = subject.merge(with_defaults(subject), tensors);
  if (!merged) return merged.error().message;
  for (auto& values : *merged)
    for (double& value : values) value = rounded(subject.dtype, value);
  return differ(merged, expected);
}

/// With a parameter at 0, the merge is the base.
Verdict at_zero(const Subject& subject, const std::string& parameter) {
  if (!subject.has(parameter)) return {};
  Case none = subject.one;
  none.method.set(parameter, {"0"});
  return differ(subject.merge(none), subject.base());
}

Verdict lambda_zero_gives_the_base(const Subject& subject) { return at_zero(subject, "lambda"); }
Verdict nothing_kept_gives_the_base(const Subject& subject) {
  if (subject.method().transforms.empty()) return {};  // task_arithmetic takes a density, and drops nothing
  return at_zero(subject, "density");
}

Verdict keeping_everything_of_one_model_is_task_arithmetic(const Subject& subject) {
  if (!subject.has("density") || !subject.has("weight")) return {};
  Case kept = with_defaults(subject);
  kept.models = 1;
  kept.method.parameters = {{"weight", {"0.7"}}, {"density", {"1"}}, {"normalize", {"false"}}, {"lambda", {"0.9"}}};
  Case plain = kept;
  plain.method.name = "task_arithmetic";
  auto tensors = subject.tensors;
  for (CaseTensor& tensor : tensors) tensor.models.resize(1);
  return differ(subject.merge(kept, tensors), subject.merge(plain, tensors));
}

/// Values of a per-model parameter at the places of `value`, or one value for all.
Result<Values> merge_at(const Subject& subject, const Case& one, const ParamSpec& param,
                        const std::vector<double>& value) {
  Case other = one;
  std::vector<std::string> texts;
  for (const double number : value) texts.push_back(fmt::format("{}", number));
  other.method.set(param.name, std::move(texts));
  return subject.merge(other);
}

/// Whether the merge at `value` is the origin and the sum of `value[k]` times what the unit k changes.
Verdict adds_up(const Subject& subject, const Case& one, const ParamSpec& param, const std::vector<Values>& units,
                const std::vector<double>& value) {
  Values expected = subject.base();
  for (std::size_t t = 0; t < expected.size(); ++t)
    for (std::size_t i = 0; i < expected[t].size(); ++i) {
      const double origin = subject.works_on_changes() ? expected[t][i] : 0.0;
      expected[t][i] = origin;
      for (std::size_t k = 0; k < units.size(); ++k) expected[t][i] += value[k] * (units[k][t][i] - origin);
    }
  return differ(merge_at(subject, one, param, value), expected, subject.rounding());
}

Verdict holds_effect(const Subject& subject, const Case& one, const ParamSpec& param) {
  const auto unit = merge_at(subject, one, param, {1.0});
  if (!unit) return unit.error().message;
  for (const double value : {0.0, 0.37, -0.8})
    if (Verdict verdict = adds_up(subject, one, param, {*unit}, {value})) return verdict;
  if (param.effect != Effect::kAdds) return {};
  std::vector<Values> units;
  std::vector<double> mixed;
  for (std::size_t k = 0; k < one.models; ++k) {
    std::vector<double> only(one.models);
    only[k] = 1.0;
    const auto merged = merge_at(subject, one, param, only);
    if (!merged) return merged.error().message;
    units.push_back(*merged);
    mixed.push_back(k % 2 == 0 ? 0.3 + 0.2 * static_cast<double>(k) : -0.4);
  }
  return adds_up(subject, one, param, units, mixed);
}

Verdict parameters_have_the_effect_that_they_declare(const Subject& subject) {
  for (const ParamSpec& param : subject.method().parameters) {
    if (param.effect == Effect::kGeneral) continue;
    Case one = subject.one;
    if (!param.effect_without.empty()) one.method.set(param.effect_without, {"false"});
    if (Verdict verdict = holds_effect(subject, one, param)) return fmt::format("{}: {}", param.name, *verdict);
  }
  return {};
}

struct Law {
  const char* name;
  Verdict (*holds)(const Subject& subject);
};
constexpr Law kLaws[] = {
    {"models equal to the base give the base", models_equal_to_the_base_give_the_base},
    {"the seed matters exactly to random methods", the_seed_matters_exactly_to_random_methods},
    {"the order of models matters to rounding at most", the_order_of_models_matters_to_rounding_at_most},
    {"what is no number does not spread", what_is_no_number_does_not_spread},
    {"copies of a model give the model", copies_of_a_model_give_the_model},
    {"lambda 0 gives the base", lambda_zero_gives_the_base},
    {"density 0 gives the base", nothing_kept_gives_the_base},
    {"keeping everything of one model is task arithmetic", keeping_everything_of_one_model_is_task_arithmetic},
    {"parameters have the effect that they declare", parameters_have_the_effect_that_they_declare},
};

}  // namespace

Verdict check_laws(const Case& one, const Runner& runner) {
  Subject subject{
      .one = one, .runner = runner, .dtype = one.dtypes.front(), .tensors = make_data(one, one.dtypes.front())};
  for (const Use& use : one.transforms)
    subject.specs.push_back(builtin_methods().find(MethodKind::kTransform, use.name));
  subject.specs.push_back(builtin_methods().find(MethodKind::kMerge, one.method.name));
  for (const Law& law : kLaws)
    if (Verdict verdict = law.holds(subject)) return fmt::format("\"{}\" does not hold: {}", law.name, *verdict);
  return {};
}

}  // namespace wootz::cases
