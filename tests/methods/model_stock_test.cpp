#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(ModelStock, RatioFollowsTheAngle) {
  // Task vectors (1, 0) and (1, 1): c = sqrt(1/2), t = 2c / (1 + c).
  const TestTensor tensor{"w", {2}, {5.0, 5.0}, {{6.0, 5.0}, {6.0, 6.0}}};
  const DriverResult result = merge("model_stock", {}, {tensor});
  const double ratio = result.facts.at("ratio")[0];
  EXPECT_NEAR(ratio, 0.8284271247461901, 1e-14);
  EXPECT_NEAR(result.outputs[0][0], 5.0 + ratio, 1e-14);
  EXPECT_NEAR(result.outputs[0][1], 5.0 + ratio * 0.5, 1e-14);
}

TEST(ModelStock, ShortTaskVectorsKeepTheirAngle) {
  const TestTensor tensor{"w", {2}, {0.0, 0.0}, {{1e-9, 0.0}, {1e-9, 1e-9}}};
  EXPECT_NEAR(merge("model_stock", {}, {tensor}).facts.at("ratio")[0], 0.8284271247461901, 1e-14);
}

TEST(ModelStock, TaskVectorsThatCancelKeepTheBase) {
  const TestTensor tensor{"w", {2}, {5.0, 5.0}, {{6.0, 5.0}, {4.0, 5.0}}};
  for (const double filter_wise : {0.0, 1.0})
    EXPECT_EQ(merge("model_stock", {{"filter_wise", {filter_wise}}}, {tensor}).outputs[0], tensor.base);
}

}  // namespace
}  // namespace wootz::testing
