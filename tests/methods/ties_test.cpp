#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

const oracle::Vector kWeights{0.5, 1.0, 0.8};

TEST(Ties, MatchesOracle) {
  for (const double density : {1.0, 0.6, 0.2, 0.0})
    for (const bool normalize : {true, false})
      expect_matches_oracle(
          "ties",
          {{"weight", kWeights}, {"density", {density}}, {"normalize", {normalize ? 1.0 : 0.0}}, {"lambda", {0.9}}}, 3,
          [&](const TestTensor& tensor) {
            const auto tau = map_task_vectors(
                tensor, [&](const oracle::Vector& x, std::size_t) { return oracle::trim(x, density); });
            return oracle::task_arithmetic(tensor.base, tau, kWeights, true, normalize, 0.9);
          });
}

TEST(Ties, MatchesOracleWithDensityPerModelRescaleAndNegativeWeight) {
  const oracle::Vector weights{0.5, -1.0, 0.8};
  const oracle::Vector densities{0.3, 0.5, 1.0};
  expect_matches_oracle("ties", {{"weight", weights}, {"density", densities}, {"rescale", {1.0}}, {"normalize", {0.0}}},
                        3, [&](const TestTensor& tensor) {
                          const auto tau = map_task_vectors(tensor, [&](const oracle::Vector& x, std::size_t k) {
                            return oracle::l1_rescaled(x, oracle::trim(x, densities[k]));
                          });
                          return oracle::task_arithmetic(tensor.base, tau, weights, true, false, 1.0);
                        });
}

TEST(Ties, VanishingTaskVectorsAreNotRescaled) {
  const TestTensor tensor{"w", {2}, {0.0, 0.0}, {{4e-8, 3e-8}}};
  const Values values{{"density", {0.5}}, {"rescale", {1.0}}};
  EXPECT_EQ(merge("ties", values, {tensor}).outputs[0], (std::vector{4e-8, 0.0}));
  const TestTensor larger{"w", {2}, {0.0, 0.0}, {{4e-6, 3e-6}}};
  EXPECT_NEAR(merge("ties", values, {larger}).outputs[0][0], 7e-6, 1e-18);
}

TEST(Ties, ModelScopeRanksOverAllTensors) {
  // The second tensor's changes are larger, so that it keeps more than its share.
  const std::vector<TestTensor> tensors{random_tensor("a", {300, 300}, 2, Dtype::kBF16, 1, 0.002),
                                        random_tensor("b", {100, 500}, 2, Dtype::kBF16, 2, 0.02),
                                        random_tensor("c", {0}, 2, Dtype::kBF16, 3)};
  oracle::Vectors all(2);
  for (const TestTensor& tensor : tensors)
    for (std::size_t k = 0; k < 2; ++k) {
      const auto tau = task_vectors(tensor)[k];
      all[k].insert(all[k].end(), tau.begin(), tau.end());
    }
  for (auto& tau : all) tau = oracle::trim(tau, 0.25);
  const DriverResult result = merge("ties", {{"density", {0.25}}, {"scope", {1.0}}}, tensors);
  std::size_t at = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    oracle::Vectors tau;
    for (const auto& whole : all)
      tau.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(at),
                       whole.begin() + static_cast<std::ptrdiff_t>(at + tensors[t].base.size()));
    at += tensors[t].base.size();
    expect_near_ulp(Dtype::kBF16, result.outputs[t],
                    oracle::task_arithmetic(tensors[t].base, tau, {1.0, 1.0}, true, true, 1.0));
  }
}

TEST(Ties, ADensityAboveZeroKeepsAtLeastOneEntry) {
  const TestTensor tensor{"w", {3}, {0.0, 0.0, 0.0}, {{1.0, -3.0, 2.0}}};
  EXPECT_EQ(merge("ties", {{"density", {0.1}}}, {tensor}).outputs[0], (std::vector{0.0, -3.0, 0.0}));
  EXPECT_EQ(merge("ties", {{"density", {0.0}}}, {tensor}).outputs[0], tensor.base);
}

TEST(TiesTransform, MatchesOracleAtModelScope) {
  const std::vector<TestTensor> tensors{random_tensor("a", {200, 333}, 3, Dtype::kBF16, 4, 0.004),
                                        random_tensor("b", {50, 70}, 3, Dtype::kBF16, 5, 0.01)};
  oracle::Vectors all(3);
  for (const TestTensor& tensor : tensors)
    for (std::size_t k = 0; k < 3; ++k) {
      const auto tau = task_vectors(tensor)[k];
      all[k].insert(all[k].end(), tau.begin(), tau.end());
    }
  for (auto& tau : all) tau = oracle::trim(tau, 0.2);
  const oracle::Vectors expected = oracle::elect(all);
  const DriverResult result = merge("task_arithmetic", {}, tensors, {}, {{"ties"}});
  for (std::size_t k = 0; k < 3; ++k) {
    oracle::Vector lane;
    for (const auto& lanes : result.lanes) lane.insert(lane.end(), lanes[k].begin(), lanes[k].end());
    EXPECT_EQ(lane, expected[k]);
  }
}

TEST(TiesTransform, CancellingEntriesTakeTheMajoritySignOfTheScope) {
  const TestTensor tensor{"w", {4}, {0.0, 0.0, 0.0, 0.0}, {{1.0, -2.0, -3.0, 1.0}, {-1.0, -2.0, -1.0, 2.0}}};
  const DriverResult result = merge("task_arithmetic", {}, {tensor}, {}, {{"ties", {{"density", {1.0}}}}});
  EXPECT_EQ(result.lanes[0][0], (std::vector{0.0, -2.0, -3.0, 1.0}));
  EXPECT_EQ(result.lanes[0][1], (std::vector{-1.0, -2.0, -1.0, 2.0}));
}

}  // namespace
}  // namespace wootz::testing
