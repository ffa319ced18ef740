// What must hold for every method of the registry beside the laws of tests/cases: any cut that the contract allows
// (methods/stage.h) gives the same bits, methods reduce to each other, and specs are complete.
#include <gtest/gtest.h>

#include <algorithm>

#include "cases/case_line.h"
#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

std::size_t model_count(const MethodSpec& spec) {
  return std::min<std::size_t>(spec.max_models, std::max<std::size_t>(3, spec.min_models));
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

/// A line of the table of cases.
class EveryCase : public ::testing::TestWithParam<cases::Case> {
 protected:
  std::size_t models() const { return GetParam().models; }
  DriverResult run(const std::vector<TestTensor>& tensors, DriverOptions options = {}) const {
    const auto numbers = [](MethodKind kind, const cases::Use& use) {
      return cases::numbers_of(*builtin_methods().find(kind, use.name), use);
    };
    std::vector<TransformUse> transforms;
    for (const cases::Use& use : GetParam().transforms)
      transforms.push_back({use.name, numbers(MethodKind::kTransform, use)});
    options.seed = GetParam().seed;
    const cases::Use& method = GetParam().method;
    return merge(method.name, numbers(MethodKind::kMerge, method), tensors, options, transforms);
  }
};

/// Stages that see whole matrices are not cut, and the driver has none.
bool sees_matrices(const cases::Case& one) {
  const auto wants = [](MethodKind kind, const cases::Use& use) {
    const MethodSpec& spec = *builtin_methods().find(kind, use.name);
    const TensorContext context{.name = "w",
                                .shape = {210, 333},
                                .size = 210 * 333,
                                .row_size = 333,
                                .models = model_count(spec),
                                .params = make_params(spec, {}, model_count(spec))};
    bool found = spec.combination && spec.combination->needs_for(context).granularity == Granularity::kMatrix;
    for (const TransformSpec& transform : spec.transforms)
      found = found || transform.needs_for(context).granularity == Granularity::kMatrix;
    return found;
  };
  bool found = wants(MethodKind::kMerge, one.method);
  for (const cases::Use& use : one.transforms) found = found || wants(MethodKind::kTransform, use);
  return found;
}

std::vector<cases::Case> cut_cases() {
  auto read = cases::read_cases(WOOTZ_SMOKE_CASES);
  if (!read) throw std::runtime_error(read.error().message);
  std::erase_if(*read, sees_matrices);
  return *std::move(read);
}

std::string case_name(const ::testing::TestParamInfo<cases::Case>& info) {
  return info.param.method.name + "_" + std::to_string(info.index);
}

void expect_same_bits(const DriverResult& a, const DriverResult& b) {
  ASSERT_EQ(a.outputs.size(), b.outputs.size());
  for (std::size_t t = 0; t < a.outputs.size(); ++t) ASSERT_EQ(a.outputs[t], b.outputs[t]);
  ASSERT_EQ(a.facts, b.facts);
}

TEST_P(EveryCase, AnyCutAndOrderGivesTheSameBits) {
  // Differences of bfloat16 values tie; sums over float64 values are not exact, so that their order shows.
  for (const Dtype dtype : {Dtype::kBF16, Dtype::kF64}) {
    const auto tensors = sample_tensors(models(), dtype);
    const DriverResult expected = run(tensors);
    for (const DriverOptions& options : std::vector<DriverOptions>{{.block = 1},
                                                                   {.block = 77},
                                                                   {.block = 100000},
                                                                   {.block = 1000, .shuffle = 3},
                                                                   {.block = 65536, .shuffle = 4}})
      expect_same_bits(run(tensors, options), expected);
  }
}

TEST_P(EveryCase, LargeTensorsAreCutAndSampledAtWill) {
  const std::vector<TestTensor> tensors{random_tensor("w", {700, 601}, models(), Dtype::kBF16, 3)};
  const DriverResult expected = run(tensors);
  expect_same_bits(run(tensors, {.block = 300, .shuffle = 5}), expected);
  expect_same_bits(run(tensors, {.sample_front = true}), expected);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryCase, ::testing::ValuesIn(cut_cases()), case_name);

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
