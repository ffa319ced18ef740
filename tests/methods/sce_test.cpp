#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Sce, SelectsExactlyInLargeTensorsWhereManyEntriesDoNotVary) {
  TestTensor tensor = random_tensor("w", {600, 1000}, 3, Dtype::kBF16, 5, 0.002);
  for (std::size_t i = 0; i < tensor.base.size(); ++i)
    if (i % 3 == 0) tensor.models[1][i] = tensor.models[2][i] = tensor.models[0][i];
  const DriverResult result = merge("sce", {{"select_topk", {0.2}}}, {tensor});
  expect_near_ulp(Dtype::kBF16, result.outputs[0], oracle::sce(tensor.base, tensor.models, 0.2));
  EXPECT_GE(result.full_passes, 2u);  // count, energy
}

TEST(Sce, WeightsFollowTheEnergyOfSmallTaskVectors) {
  // mergekit makes these equal.
  const TestTensor tensor{"w", {2}, {0.0, 0.0}, {{1e-5, 0.0}, {3e-5, 0.0}}};
  const DriverResult result = merge("sce", {}, {tensor});
  EXPECT_NEAR(result.facts.at("weights")[0], 0.1, 1e-12);
  EXPECT_NEAR(result.outputs[0][0], 0.1 * 1e-5 + 0.9 * 3e-5, 1e-18);
}

TEST(Sce, EqualModelsAreKeptWholeAtFullSelectionOnly) {
  const TestTensor tensor{"w", {2}, {0.0, 0.0}, {{1.0, 2.0}, {1.0, 2.0}}};
  EXPECT_EQ(merge("sce", {}, {tensor}).outputs[0], (std::vector{1.0, 2.0}));
  EXPECT_EQ(merge("sce", {{"select_topk", {0.9}}}, {tensor}).outputs[0], tensor.base);
}

}  // namespace
}  // namespace wootz::testing
