#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

constexpr std::uint64_t kSeed = 42;

TEST(DareTransform, DividesByTheDensity) {
  const TestTensor tensor = random_tensor("w", {70001}, 2, Dtype::kF32);
  const DriverResult result =
      merge("task_arithmetic", {}, {tensor}, {.seed = kSeed}, {{"dare", {{"density", {0.25}}}}});
  for (std::size_t k = 0; k < 2; ++k) {
    auto expected = oracle::dare(task_vectors(tensor)[k], kSeed, "w", k, 0.25);
    for (double& value : expected) value /= 0.25;
    EXPECT_EQ(result.lanes[0][k], expected);
  }
}

TEST(DareTransform, IsUnbiased) {
  const TestTensor tensor = random_tensor("w", {50}, 1, Dtype::kF32);
  const auto tau = task_vectors(tensor)[0];
  oracle::Vector mean(50);
  constexpr int kRuns = 4000;
  for (int run = 0; run < kRuns; ++run) {
    const DriverOptions options{.seed = static_cast<std::uint64_t>(run)};
    const auto lane = merge("task_arithmetic", {}, {tensor}, options, {{"dare", {{"density", {0.3}}}}}).lanes[0][0];
    for (std::size_t i = 0; i < 50; ++i) mean[i] += lane[i] / kRuns;
  }
  // One entry's relative standard error is sqrt((1 - p) / p / runs) = 0.024.
  for (std::size_t i = 0; i < 50; ++i) EXPECT_NEAR(mean[i], tau[i], 0.12 * std::abs(tau[i]));
}

TEST(DareTransform, TwoInARowDrawDifferentMasks) {
  const TestTensor tensor = random_tensor("w", {20000}, 1, Dtype::kF32);
  const TransformUse half{"dare", {{"density", {0.5}}}};
  const auto lane = merge("task_arithmetic", {}, {tensor}, {}, {half, half}).lanes[0][0];
  const auto kept = std::count_if(lane.begin(), lane.end(), [](double x) { return x != 0.0; });
  EXPECT_NEAR(static_cast<double>(kept), 5000.0, 300.0);
}

TEST(DareLinear, ModelsDrawDifferentMasks) {
  TestTensor tensor = random_tensor("w", {20000}, 2, Dtype::kF32);
  tensor.models[1] = tensor.models[0];
  const auto lanes = merge("dare_linear", {{"density", {0.5}}}, {tensor}).lanes[0];
  std::size_t both = 0;
  for (std::size_t i = 0; i < 20000; ++i) both += lanes[0][i] != 0.0 && lanes[1][i] != 0.0 ? 1u : 0u;
  EXPECT_NEAR(static_cast<double>(both), 5000.0, 300.0);
}

}  // namespace
}  // namespace wootz::testing
