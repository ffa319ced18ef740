// What must hold for every method of the registry, by its declared traits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

std::size_t model_count(const MethodSpec& spec) {
  return std::min<std::size_t>(spec.max_models, std::max<std::size_t>(3, spec.min_models));
}

/// Parameters at which a method does all it can: weights that differ, entries dropped, sums rescaled.
Values telling_values(const MethodSpec& spec) {
  const Values all{{"density", {0.4}},     {"epsilon", {0.2}},     {"gamma", {0.05}},      {"t", {0.3}},
                   {"select_topk", {0.5}}, {"rescale", {1.0}},     {"normalize", {1.0}},   {"lambda", {0.8}},
                   {"scale", {1.1}},       {"iterations", {20.0}}, {"filter_wise", {1.0}}, {"step", {0.5}}};
  Values values;
  for (const ParamSpec& param : spec.parameters) {
    if (all.contains(param.name)) values[param.name] = all.at(param.name);
    if (param.name == "weight") {
      values[param.name] = {0.5, 0.3, 0.4};
      values[param.name].resize(model_count(spec));
    }
  }
  return values;
}

bool has_param(const MethodSpec& spec, const std::string& name) {
  return std::any_of(spec.parameters.begin(), spec.parameters.end(),
                     [&](const ParamSpec& p) { return p.name == name; });
}

std::vector<TestTensor> sample_tensors(std::size_t models, Dtype dtype = Dtype::kBF16) {
  return {random_tensor("layers.0.weight", {210, 333}, models, dtype, 21),
          random_tensor("layers.0.bias", {333}, models, dtype, 22), random_tensor("scale", {}, models, dtype, 23),
          random_tensor("none", {0, 4}, models, dtype, 24)};
}

/// One way to use a method: a merge method by itself, or a transform before task arithmetic.
struct Use {
  const MethodSpec* spec;
  Values values;

  std::size_t models() const { return spec->kind == MethodKind::kMerge ? model_count(*spec) : 3; }
  DriverResult run(const std::vector<TestTensor>& tensors, const DriverOptions& options = {}) const {
    if (spec->kind == MethodKind::kMerge) return merge(spec->name, values, tensors, options);
    return merge("task_arithmetic", {}, tensors, options, {{spec->name, values}});
  }
};

void PrintTo(const Use& use, std::ostream* out) { *out << use.spec->name; }

/// All methods with telling values, and again with the other scope where they have one.
std::vector<Use> all_uses() {
  std::vector<Use> uses;
  for (const MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    for (const MethodSpec* spec : builtin_methods().all(kind)) {
      const Values values = telling_values(*spec);
      uses.push_back({spec, values});
      if (has_param(*spec, "filter_wise")) uses.push_back({spec, {}});
      if (!has_param(*spec, "scope")) continue;
      uses.back().values["scope"] = {0.0};
      uses.push_back({spec, values});
      uses.back().values["scope"] = {1.0};
    }
  return uses;
}

class EveryUse : public ::testing::TestWithParam<Use> {};
class EveryMerge : public ::testing::TestWithParam<Use> {};

std::vector<Use> merge_uses() {
  std::vector<Use> uses = all_uses();
  std::erase_if(uses, [](const Use& use) { return use.spec->kind != MethodKind::kMerge; });
  return uses;
}

std::string use_name(const ::testing::TestParamInfo<Use>& info) {
  return (info.param.spec->kind == MethodKind::kTransform ? "transform_" : "") + info.param.spec->name + "_" +
         std::to_string(info.index);
}

void expect_same_bits(const DriverResult& a, const DriverResult& b) {
  ASSERT_EQ(a.outputs.size(), b.outputs.size());
  for (std::size_t t = 0; t < a.outputs.size(); ++t) ASSERT_EQ(a.outputs[t], b.outputs[t]);
  ASSERT_EQ(a.facts, b.facts);
}

double largest_difference(const DriverResult& a, const DriverResult& b) {
  double largest = 0.0;
  for (std::size_t t = 0; t < a.outputs.size(); ++t)
    for (std::size_t i = 0; i < a.outputs[t].size(); ++i)
      largest = std::max(largest, std::abs(a.outputs[t][i] - b.outputs[t][i]));
  return largest;
}

TEST_P(EveryUse, AnyCutAndOrderGivesTheSameBits) {
  // Differences of bfloat16 values tie; sums over float64 values are not exact, so that their order shows.
  for (const Dtype dtype : {Dtype::kBF16, Dtype::kF64}) {
    const auto tensors = sample_tensors(GetParam().models(), dtype);
    const DriverResult expected = GetParam().run(tensors);
    for (const DriverOptions& options : std::vector<DriverOptions>{{.block = 1},
                                                                   {.block = 77},
                                                                   {.block = 100000},
                                                                   {.block = 1000, .shuffle = 3},
                                                                   {.block = 65536, .shuffle = 4}})
      expect_same_bits(GetParam().run(tensors, options), expected);
  }
}

TEST_P(EveryUse, LargeTensorsAreCutAndSampledAtWill) {
  const std::vector<TestTensor> tensors{random_tensor("w", {700, 601}, GetParam().models(), Dtype::kBF16, 3)};
  const DriverResult expected = GetParam().run(tensors);
  expect_same_bits(GetParam().run(tensors, {.block = 300, .shuffle = 5}), expected);
  expect_same_bits(GetParam().run(tensors, {.sample_front = true}), expected);
}

TEST_P(EveryUse, ModelsEqualToTheBaseGiveTheBase) {
  if (GetParam().spec->lanes != Lanes::kTaskVectors) GTEST_SKIP() << "works on values, not task vectors";
  auto tensors = sample_tensors(GetParam().models());
  for (TestTensor& tensor : tensors)
    for (auto& model : tensor.models) model = tensor.base;
  const DriverResult result = GetParam().run(tensors);
  for (std::size_t t = 0; t < tensors.size(); ++t) EXPECT_EQ(result.outputs[t], tensors[t].base);
}

TEST_P(EveryUse, SeedsMatterExactlyToStochasticMethods) {
  const auto tensors = sample_tensors(GetParam().models());
  const double difference =
      largest_difference(GetParam().run(tensors, {.seed = 1}), GetParam().run(tensors, {.seed = 2}));
  EXPECT_EQ(difference > 0.0, GetParam().spec->stochastic);
}

TEST_P(EveryUse, ModelOrderMattersToRoundingAtMostWhereDeclared) {
  const std::size_t models = GetParam().models();
  if (models < 2) GTEST_SKIP() << "takes one model";
  if (!GetParam().spec->order_independent) GTEST_SKIP() << "declared to depend on order";
  auto tensors = sample_tensors(models);
  const DriverResult expected = GetParam().run(tensors);
  Use turned = GetParam();
  for (auto& [name, numbers] : turned.values) std::reverse(numbers.begin(), numbers.end());
  for (TestTensor& tensor : tensors) std::reverse(tensor.models.begin(), tensor.models.end());
  EXPECT_LE(largest_difference(turned.run(tensors), expected), 1e-13);
}

TEST_P(EveryUse, OneNanDoesNotSpread) {
  auto tensors = sample_tensors(GetParam().models());
  tensors[0].models[0][1000] = NAN;
  tensors[0].models[0][2000] = INFINITY;
  DriverResult result = GetParam().run(tensors);
  result.outputs[0][1000] = result.outputs[0][2000] = 0.0;
  for (const auto& output : result.outputs)
    for (std::size_t i = 0; i < output.size(); ++i) ASSERT_TRUE(std::isfinite(output[i])) << i;
}

TEST_P(EveryUse, TinyTensorsAreMerged) {
  for (const std::uint64_t size : {0u, 1u, 2u}) {
    const std::vector<TestTensor> tensors{random_tensor("w", {size}, GetParam().models(), Dtype::kF32, size)};
    const DriverResult result = GetParam().run(tensors);
    ASSERT_EQ(result.outputs[0].size(), size);
    for (const double value : result.outputs[0]) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST_P(EveryMerge, CopiesGiveTheModelWhereDeclared) {
  const MethodSpec& spec = *GetParam().spec;
  if (!spec.idempotent) GTEST_SKIP() << "not declared idempotent";
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBF16}) {
    auto tensors = sample_tensors(model_count(spec), dtype);
    for (TestTensor& tensor : tensors)
      for (auto& model : tensor.models) model = tensor.models[0];
    Values values;  // the defaults
    if (has_param(spec, "t")) {
      values["t"] = {0.3};  // two ends: equal models means equal to the base too
      for (TestTensor& tensor : tensors) tensor.base = tensor.models[0];
    }
    const DriverResult result = merge(spec.name, values, tensors);
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      oracle::Vector out = result.outputs[t];
      for (double& value : out) value = rounded(dtype, value);
      EXPECT_EQ(out, tensors[t].models[0]);
    }
  }
}

TEST_P(EveryMerge, LambdaZeroGivesTheBase) {
  if (!has_param(*GetParam().spec, "lambda")) GTEST_SKIP() << "has no lambda";
  Use use = GetParam();
  use.values["lambda"] = {0.0};
  const auto tensors = sample_tensors(use.models());
  const DriverResult result = use.run(tensors);
  for (std::size_t t = 0; t < tensors.size(); ++t) EXPECT_EQ(result.outputs[t], tensors[t].base);
}

TEST_P(EveryMerge, KeepingEverythingOfOneModelIsTaskArithmetic) {
  if (!has_param(*GetParam().spec, "density") || !has_param(*GetParam().spec, "weight"))
    GTEST_SKIP() << "drops nothing";
  const auto tensors = sample_tensors(1);
  const Values values{{"weight", {0.7}}, {"density", {1.0}}, {"normalize", {0.0}}, {"lambda", {0.9}}};
  EXPECT_EQ(merge(GetParam().spec->name, values, tensors).outputs, merge("task_arithmetic", values, tensors).outputs);
}

TEST(Reductions, KeepingEverythingWithoutElectionIsTaskArithmetic) {
  const auto tensors = sample_tensors(3);
  const Values values{{"weight", {0.7, -0.2, 0.4}}, {"density", {1.0}}, {"lambda", {0.9}}};
  const auto expected = merge("task_arithmetic", values, tensors).outputs;
  for (const char* method : {"breadcrumbs", "dare_linear", "della_linear"})
    EXPECT_EQ(merge(method, values, tensors).outputs, expected) << method;
}

TEST(Reductions, EqualWeightsAreTheAverage) {
  const auto tensors = sample_tensors(3);
  EXPECT_EQ(merge("linear", {{"weight", {1.0}}}, tensors).outputs, merge("average", {}, tensors).outputs);
}

TEST_P(EveryMerge, NothingKeptGivesTheBase) {
  if (!has_param(*GetParam().spec, "density") || GetParam().spec->transforms.empty()) GTEST_SKIP() << "drops nothing";
  Use use = GetParam();
  use.values["density"] = {0.0};
  const auto tensors = sample_tensors(use.models());
  const DriverResult result = use.run(tensors);
  for (std::size_t t = 0; t < tensors.size(); ++t) EXPECT_EQ(result.outputs[t], tensors[t].base);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryUse, ::testing::ValuesIn(all_uses()), use_name);
INSTANTIATE_TEST_SUITE_P(Methods, EveryMerge, ::testing::ValuesIn(merge_uses()), use_name);

TEST(Registry, HoldsTheMethodsThatRecipesName) {
  for (const char* name :
       {"average", "linear", "task_arithmetic", "ties", "dare_linear", "dare_ties", "della", "della_linear",
        "breadcrumbs", "breadcrumbs_ties", "slerp", "model_stock", "sce", "passthrough"})
    EXPECT_NE(builtin_methods().find(MethodKind::kMerge, name), nullptr) << name;
  for (const char* name : {"awd", "breadcrumbs", "dare", "della", "ties", "trim"})
    EXPECT_NE(builtin_methods().find(MethodKind::kTransform, name), nullptr) << name;
}

TEST(Registry, EveryMethodIsDescribed) {
  for (const MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    for (const MethodSpec* spec : builtin_methods().all(kind)) {
      SCOPED_TRACE(spec->name);
      EXPECT_FALSE(spec->title.empty());
      EXPECT_FALSE(spec->formula.empty());
      EXPECT_FALSE(spec->reference.empty());
      EXPECT_TRUE(spec->summary.ends_with("."));
      EXPECT_LE(spec->min_models, spec->max_models);
      EXPECT_EQ(spec->combination.has_value(), kind == MethodKind::kMerge);
      for (const ParamSpec& param : spec->parameters) {
        SCOPED_TRACE(param.name);
        EXPECT_TRUE(param.description.ends_with("."));
        if (!param.fallback) continue;
        EXPECT_GE(*param.fallback, param.minimum);
        EXPECT_LE(*param.fallback, param.maximum);
        if (param.type == ParamType::kChoice) {
          EXPECT_LT(*param.fallback, static_cast<double>(param.choices.size()));
        }
        // A transform's values stand in its own entry, one for all models.
        EXPECT_TRUE(kind == MethodKind::kMerge || param.scope == ParamScope::kGlobal);
      }
      const bool scoped = std::any_of(spec->transforms.begin(), spec->transforms.end(),
                                      [](const TransformSpec& t) { return t.scoped; });
      EXPECT_EQ(scoped, has_param(*spec, "scope"));
      EXPECT_TRUE(!spec->check || spec->check(make_params(*spec, {}, model_count(*spec))).empty());
    }
}

}  // namespace
}  // namespace wootz::testing
