// What methods promise of their parameters' effects (methods/params.h), held against merges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

constexpr std::size_t kModels = 3;

/// A promise of one parameter, with every other parameter at a value that matters.
struct Promise {
  const MethodSpec* spec;
  const ParamSpec* param;
  Values values;

  std::size_t models() const { return std::min(spec->max_models, kModels); }
  oracle::Vectors merged(const std::vector<TestTensor>& tensors, std::vector<double> value) const {
    Values with = values;
    with[param->name] = std::move(value);
    return merge(spec->name, with, tensors, {.seed = 5}).outputs;
  }
};

void PrintTo(const Promise& promise, std::ostream* out) { *out << promise.spec->name << " " << promise.param->name; }

Values telling_values(const MethodSpec& spec) {
  const Values all{{"density", {0.4}}, {"epsilon", {0.2}}, {"gamma", {0.05}},
                   {"rescale", {1.0}}, {"lambda", {0.8}},  {"weight", {0.5, -0.3, 0.4}}};
  Values values;
  for (const ParamSpec& param : spec.parameters)
    if (all.contains(param.name)) values[param.name] = all.at(param.name);
  return values;
}

std::vector<Promise> promises() {
  std::vector<Promise> found;
  for (const MethodSpec* spec : builtin_methods().all(MethodKind::kMerge))
    for (const ParamSpec& param : spec->parameters) {
      if (param.effect == Effect::kGeneral) continue;
      const Values values = telling_values(*spec);
      const bool divides = std::any_of(spec->parameters.begin(), spec->parameters.end(),
                                       [](const ParamSpec& other) { return other.name == "normalize"; });
      found.push_back({spec, &param, values});
      if (divides) found.back().values["normalize"] = {0.0};
      if (!divides || param.effect_without == "normalize") continue;
      found.push_back({spec, &param, values});
      found.back().values["normalize"] = {1.0};
    }
  return found;
}

std::vector<TestTensor> sample_tensors(std::size_t models) {
  return {random_tensor("layers.0.weight", {110, 133}, models, Dtype::kBF16, 31),
          random_tensor("layers.0.bias", {133}, models, Dtype::kF32, 32)};
}

oracle::Vector origin_of(const MethodSpec& spec, const TestTensor& tensor) {
  return spec.lanes == Lanes::kTaskVectors ? tensor.base : oracle::Vector(tensor.base.size());
}

class EveryPromise : public ::testing::TestWithParam<Promise> {
 protected:
  // Whether merged(value) is the origin and sum_k value[k] * changes[k].
  void expect_sum(const std::vector<oracle::Vectors>& ones, const std::vector<double>& value) {
    const oracle::Vectors found = GetParam().merged(tensors_, value);
    for (std::size_t t = 0; t < tensors_.size(); ++t) {
      const oracle::Vector origin = origin_of(*GetParam().spec, tensors_[t]);
      for (std::size_t i = 0; i < origin.size(); ++i) {
        double expected = origin[i];
        for (std::size_t k = 0; k < ones.size(); ++k) expected += value[k] * (ones[k][t][i] - origin[i]);
        ASSERT_NEAR(found[t][i], expected, 1e-13) << tensors_[t].name << " " << i;
      }
    }
  }

  std::vector<TestTensor> tensors_ = sample_tensors(GetParam().models());
};

TEST_P(EveryPromise, OneValueScales) {
  const oracle::Vectors one = GetParam().merged(tensors_, {1.0});
  for (const double value : {0.0, 0.37, 2.5, -0.8}) expect_sum({one}, {value});
}

TEST_P(EveryPromise, ValuesOfModelsAdd) {
  if (GetParam().param->effect != Effect::kAdds) GTEST_SKIP() << "promises less";
  ASSERT_EQ(GetParam().param->scope, ParamScope::kModel);
  std::vector<oracle::Vectors> ones;
  for (std::size_t k = 0; k < GetParam().models(); ++k) {
    std::vector<double> unit(GetParam().models());
    unit[k] = 1.0;
    ones.push_back(GetParam().merged(tensors_, unit));
  }
  for (std::vector<double> value : {std::vector<double>{0.3, 0.2, 0.9}, {-0.4, 0.0, 1.7}, {0.0, 0.0, 0.0}}) {
    value.resize(ones.size());
    expect_sum(ones, value);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryPromise, ::testing::ValuesIn(promises()), [](const auto& test) {
  return test.param.spec->name + "_" + test.param.param->name + "_" + std::to_string(test.index);
});

TEST(Promises, AreMadeWhereSearchesNeedThem) {
  const auto effect = [](const char* method, const char* name) {
    for (const ParamSpec& param : builtin_methods().find(MethodKind::kMerge, method)->parameters)
      if (param.name == name) return param.effect;
    return Effect::kGeneral;
  };
  for (const char* method : {"task_arithmetic", "ties", "dare_ties", "dare_linear", "della", "della_linear",
                             "breadcrumbs", "breadcrumbs_ties"})
    EXPECT_EQ(effect(method, "lambda"), Effect::kScales) << method;
  for (const char* method : {"task_arithmetic", "linear", "dare_linear", "della_linear", "breadcrumbs"})
    EXPECT_EQ(effect(method, "weight"), Effect::kAdds) << method;
  // A vote decides which values count.
  EXPECT_EQ(effect("ties", "weight"), Effect::kGeneral);
  EXPECT_EQ(effect("slerp", "t"), Effect::kGeneral);
}

TEST(Promises, NameFlagsOfTheMethod) {
  for (const MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    for (const MethodSpec* spec : builtin_methods().all(kind))
      for (const ParamSpec& param : spec->parameters)
        EXPECT_TRUE(param.effect_without.empty() || std::any_of(spec->parameters.begin(), spec->parameters.end(),
                                                                [&](const ParamSpec& other) {
                                                                  return other.name == param.effect_without &&
                                                                         other.type == ParamType::kFlag;
                                                                }))
            << spec->name << " " << param.name;
}

}  // namespace
}  // namespace wootz::testing
