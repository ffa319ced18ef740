#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Ties, VanishingTaskVectorsAreNotRescaled) {
  const TestTensor tensor{"w", {2}, {0.0, 0.0}, {{4e-8, 3e-8}}};
  const Values values{{"density", {0.5}}, {"rescale", {1.0}}};
  EXPECT_EQ(merge("ties", values, {tensor}).outputs[0], (std::vector{4e-8, 0.0}));
  const TestTensor larger{"w", {2}, {0.0, 0.0}, {{4e-6, 3e-6}}};
  EXPECT_NEAR(merge("ties", values, {larger}).outputs[0][0], 7e-6, 1e-18);
}

TEST(Ties, ADensityAboveZeroKeepsAtLeastOneEntry) {
  const TestTensor tensor{"w", {3}, {0.0, 0.0, 0.0}, {{1.0, -3.0, 2.0}}};
  EXPECT_EQ(merge("ties", {{"density", {0.1}}}, {tensor}).outputs[0], (std::vector{0.0, -3.0, 0.0}));
  EXPECT_EQ(merge("ties", {{"density", {0.0}}}, {tensor}).outputs[0], tensor.base);
}

TEST(TiesTransform, CancellingEntriesTakeTheMajoritySignOfTheScope) {
  const TestTensor tensor{"w", {4}, {0.0, 0.0, 0.0, 0.0}, {{1.0, -2.0, -3.0, 1.0}, {-1.0, -2.0, -1.0, 2.0}}};
  const DriverResult result = merge("task_arithmetic", {}, {tensor}, {}, {{"ties", {{"density", {1.0}}}}});
  EXPECT_EQ(result.lanes[0][0], (std::vector{0.0, -2.0, -3.0, 1.0}));
  EXPECT_EQ(result.lanes[0][1], (std::vector{-1.0, -2.0, -1.0, 2.0}));
}

}  // namespace
}  // namespace wootz::testing
