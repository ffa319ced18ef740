#include <gtest/gtest.h>

#include <cmath>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Slerp, FollowsTheArcBetweenDistantModels) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBF16}) {
    const TestTensor tensor = random_tensor("w", {300, 301}, 1, dtype, 3, 0.2);
    const DriverResult result = merge("slerp", {{"t", {0.4}}}, {tensor});
    expect_near_ulp(dtype, result.outputs[0], oracle::slerp(tensor.base, tensor.models[0], 0.4));
    EXPECT_LT(result.facts.at("cosine")[0], 0.9);
    EXPECT_GT(result.facts.at("cosine")[0], 0.1);
  }
}

TEST(Slerp, EndsAreExact) {
  const TestTensor tensor = random_tensor("w", {300, 301}, 1, Dtype::kF32, 3, 0.2);
  EXPECT_EQ(merge("slerp", {{"t", {0.0}}}, {tensor}).outputs[0], tensor.base);
  EXPECT_EQ(merge("slerp", {{"t", {1.0}}}, {tensor}).outputs[0], tensor.models[0]);
}

TEST(Slerp, ArcKeepsTheNormOfUnitVectors) {
  const TestTensor tensor{"w", {2}, {1.0, 0.0}, {{0.0, 1.0}}};
  const auto out = merge("slerp", {{"t", {0.5}}}, {tensor}).outputs[0];
  EXPECT_NEAR(out[0], std::sqrt(0.5), 1e-15);
  EXPECT_NEAR(out[1], std::sqrt(0.5), 1e-15);
}

TEST(Slerp, ZeroTensorsStayZeroAndCountAsPerpendicular) {
  const TestTensor both{"w", {2}, {0.0, 0.0}, {{0.0, 0.0}}};
  EXPECT_EQ(merge("slerp", {{"t", {0.5}}}, {both}).outputs[0], (std::vector{0.0, 0.0}));
  const TestTensor one{"w", {2}, {0.0, 0.0}, {{3.0, 4.0}}};
  EXPECT_NEAR(merge("slerp", {{"t", {0.5}}}, {one}).outputs[0][0], 3.0 * std::sin(std::acos(0.0) / 2.0), 1e-15);
}

TEST(Slerp, OppositeAndNonFiniteTensorsTakeTheStraightLine) {
  const TestTensor opposite{"w", {2}, {1.0, 2.0}, {{-1.0, -2.0}}};
  EXPECT_EQ(merge("slerp", {{"t", {0.25}}}, {opposite}).outputs[0], (std::vector{0.5, 1.0}));
  const TestTensor broken{"w", {2}, {1.0, NAN}, {{3.0, 0.0}}};
  EXPECT_EQ(merge("slerp", {{"t", {0.5}}}, {broken}).outputs[0][0], 2.0);
}

}  // namespace
}  // namespace wootz::testing
