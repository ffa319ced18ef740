#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

void expect_task_arithmetic(const oracle::Vector& weights, bool normalize, double lambda) {
  expect_matches_oracle(
      "task_arithmetic", {{"weight", weights}, {"normalize", {normalize ? 1.0 : 0.0}}, {"lambda", {lambda}}},
      weights.size(), [&](const TestTensor& tensor) {
        return oracle::task_arithmetic(tensor.base, task_vectors(tensor), weights, false, normalize, lambda);
      });
}

TEST(TaskArithmetic, AdditionMatchesOracle) { expect_task_arithmetic({0.3, 0.3, 0.3}, false, 1.0); }
TEST(TaskArithmetic, NegationMatchesOracle) { expect_task_arithmetic({-0.5}, false, 1.0); }
TEST(TaskArithmetic, AnalogyMatchesOracle) { expect_task_arithmetic({-1.0, 1.0, 1.0}, false, 0.8); }
TEST(TaskArithmetic, NormalizedMatchesOracle) { expect_task_arithmetic({0.5, 1.5, 1.0}, true, 0.7); }
TEST(TaskArithmetic, WeightsThatSumToZeroAreNotNormalized) { expect_task_arithmetic({1.0, -1.0}, true, 1.0); }

TEST(TaskArithmetic, OneModelOfWeightOneIsThatModel) {
  const TestTensor tensor = random_tensor("w", {500}, 1, Dtype::kF32);
  EXPECT_EQ(merge("task_arithmetic", {}, {tensor}).outputs[0], tensor.models[0]);
}

}  // namespace
}  // namespace wootz::testing
