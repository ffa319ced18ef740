#include <gtest/gtest.h>

#include <cmath>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

/// Models that share a direction, so that there is something to disentangle.
std::vector<TestTensor> entangled_tensors(std::size_t models) {
  std::vector<TestTensor> tensors{random_tensor("a", {30, 40}, models, Dtype::kF64, 11, 0.02),
                                  random_tensor("b", {500}, models, Dtype::kF64, 12, 0.01)};
  for (TestTensor& tensor : tensors)
    for (auto& model : tensor.models)
      for (std::size_t i = 0; i < model.size(); ++i) model[i] += 0.02 * std::sin(static_cast<double>(i));
  return tensors;
}

oracle::Vectors flattened(const std::vector<TestTensor>& tensors) {
  oracle::Vectors all(tensors[0].models.size());
  for (const TestTensor& tensor : tensors)
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto tau = task_vectors(tensor)[k];
      all[k].insert(all[k].end(), tau.begin(), tau.end());
    }
  return all;
}

oracle::Vectors flattened_lanes(const DriverResult& result) {
  oracle::Vectors all(result.lanes[0].size());
  for (const auto& lanes : result.lanes)
    for (std::size_t k = 0; k < all.size(); ++k) all[k].insert(all[k].end(), lanes[k].begin(), lanes[k].end());
  return all;
}

void expect_delta(const oracle::Vectors& before, const oracle::Vectors& after, const oracle::Vector& delta) {
  for (std::size_t k = 0; k < before.size(); ++k)
    for (std::size_t i = 0; i < delta.size(); ++i) ASSERT_NEAR(before[k][i] - after[k][i], delta[i], 1e-9);
}

TEST(Awd, CoordinatesEqualFullDimensionGradientDescent) {
  for (const std::size_t models : {2u, 3u, 8u}) {
    const auto tensors = entangled_tensors(models);
    const oracle::Vectors tau = flattened(tensors);
    const DriverResult result = merge("task_arithmetic", {}, tensors, {}, {{"awd"}});
    const oracle::Awd expected = oracle::awd(tau, 0.1, 0.01, 300);

    const auto& coordinates = result.facts.at("redundant_vector_coordinates");
    double largest = 0.0;
    for (std::size_t i = 0; i < expected.delta.size(); ++i) {
      double delta = 0.0;
      for (std::size_t k = 0; k < models; ++k) delta += coordinates[k] * tau[k][i];
      ASSERT_NEAR(delta, expected.delta[i], 1e-10);
      largest = std::max(largest, std::abs(delta));
    }
    EXPECT_GT(largest, 0.001);  // there was something to find
    expect_delta(tau, flattened_lanes(result), expected.delta);
    const auto& cosines = result.facts.at("mean_absolute_cosine");
    EXPECT_NEAR(cosines[0], expected.cosine_before, 1e-12);
    EXPECT_NEAR(cosines[1], expected.cosine_after, 1e-9);
    EXPECT_LT(cosines[1], 0.9 * cosines[0]);
  }
}

TEST(Awd, LayerScopeTreatsTensorsApart) {
  const auto tensors = entangled_tensors(3);
  const TransformUse awd{"awd", {{"scope", {1.0}}, {"iterations", {50}}}};
  const DriverResult result = merge("task_arithmetic", {}, tensors, {}, {awd});
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const oracle::Vectors tau = task_vectors(tensors[t]);
    expect_delta(tau, result.lanes[t], oracle::awd(tau, 0.1, 0.01, 50).delta);
  }
}

TEST(Awd, OneModelIsLeftAlone) {
  const TestTensor tensor = random_tensor("w", {100}, 1, Dtype::kF32);
  const DriverResult result = merge("task_arithmetic", {}, {tensor}, {}, {{"awd"}});
  EXPECT_EQ(result.outputs[0], tensor.models[0]);
  EXPECT_EQ(result.facts.at("redundant_vector_norm"), std::vector{0.0});
}

TEST(Awd, ZeroTaskVectorsTakeNoPart) {
  auto tensors = entangled_tensors(3);
  for (TestTensor& tensor : tensors) tensor.models[1] = tensor.base;
  auto without = tensors;
  for (TestTensor& tensor : without) tensor.models.erase(tensor.models.begin() + 1);
  const TransformUse awd{"awd"};
  const auto lanes = flattened_lanes(merge("task_arithmetic", {}, tensors, {}, {awd}));
  const auto expected = flattened_lanes(merge("task_arithmetic", {}, without, {}, {awd}));
  EXPECT_EQ(lanes[0], expected[0]);
  EXPECT_EQ(lanes[2], expected[1]);
  EXPECT_EQ(lanes[1], oracle::Vector(lanes[1].size()));
}

TEST(Awd, NonFiniteTaskVectorsTakeNoPart) {
  auto tensors = entangled_tensors(3);
  tensors[0].models[2][17] = NAN;
  const DriverResult result = merge("task_arithmetic", {}, tensors, {}, {{"awd"}});
  EXPECT_GT(result.facts.at("redundant_vector_norm")[0], 0.0);
  EXPECT_EQ(result.facts.at("redundant_vector_coordinates")[2], 0.0);
  for (const std::size_t k : {0u, 1u})
    for (const double value : result.lanes[0][k]) ASSERT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace wootz::testing
