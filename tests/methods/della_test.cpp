#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Della, DensityZeroGivesTheBase) {
  const TestTensor tensor = random_tensor("w", {30, 40}, 2, Dtype::kF32);
  EXPECT_EQ(merge("della", {{"density", {0.0}}}, {tensor}).outputs[0], tensor.base);
}

TEST(DellaTransform, KeepsLargeEntriesMoreOften) {
  const TestTensor tensor = random_tensor("w", {1, 60000}, 1, Dtype::kF32);
  const auto lane =
      merge("task_arithmetic", {}, {tensor}, {}, {{"della", {{"density", {0.5}}, {"epsilon", {0.4}}}}}).lanes[0][0];
  const auto order = oracle::by_magnitude(task_vectors(tensor)[0]);
  std::size_t upper = 0;
  std::size_t lower = 0;
  for (std::size_t p = 0; p < 30000; ++p) {
    upper += lane[order[p]] != 0.0 ? 1u : 0u;
    lower += lane[order[p + 30000]] != 0.0 ? 1u : 0u;
  }
  EXPECT_NEAR(static_cast<double>(upper), 0.7 * 30000, 500);
  EXPECT_NEAR(static_cast<double>(lower), 0.3 * 30000, 500);
}

TEST(Della, ProbabilitiesOutsideTheUnitIntervalAreRefused) {
  for (const auto& [kind, name] : {std::pair{MethodKind::kMerge, "della"},
                                   {MethodKind::kMerge, "della_linear"},
                                   {MethodKind::kTransform, "della"}}) {
    const MethodSpec* spec = builtin_methods().find(kind, name);
    const auto check = [&](double density, double epsilon) {
      return spec->check(make_params(*spec, {{"density", {density}}, {"epsilon", {epsilon}}}, 1));
    };
    EXPECT_EQ(check(0.5, 0.15), "");
    EXPECT_EQ(check(1.0, 0.15), "");
    EXPECT_EQ(check(0.0, 0.15), "");
    EXPECT_NE(check(0.1, 0.15).find("epsilon below 0.1"), std::string::npos);
    EXPECT_NE(check(0.9, 0.15), "");
    EXPECT_NE(check(0.15, 0.15), "");
  }
}

}  // namespace
}  // namespace wootz::testing
