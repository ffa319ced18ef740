// Exactness of selection by magnitude, through the transform `trim`, on data that is hard for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TestTensor lane_tensor(std::string name, oracle::Vector lane) {
  const std::uint64_t size = lane.size();
  return {std::move(name), {size}, oracle::Vector(size), {std::move(lane)}};
}

DriverResult trim(const std::vector<TestTensor>& tensors, double density, const DriverOptions& options = {},
                  bool whole_model = false) {
  return merge("task_arithmetic", {}, tensors, options,
               {{"trim", {{"density", {density}}, {"scope", {whole_model ? 1.0 : 0.0}}}}});
}

oracle::Vector bell_curve(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  oracle::Vector values(size);
  for (double& value : values)
    for (int i = 0; i < 4; ++i) value += static_cast<double>(static_cast<std::int64_t>(random()) >> 11) * 0x1p-52;
  return values;
}

TEST(Selection, SmallScopesTakeOnePass) {
  const DriverResult result = trim({lane_tensor("w", bell_curve(200000, 1))}, 0.2);
  EXPECT_EQ(result.lanes[0][0], oracle::trim(bell_curve(200000, 1), 0.2));
  EXPECT_EQ(result.full_passes, 1u);
  EXPECT_EQ(result.sampled_passes, 0u);
}

TEST(Selection, LargeScopesTakeASampleAndOnePass) {
  const oracle::Vector values = bell_curve(3000000, 2);
  for (const double density : {0.2, 0.9}) {
    const DriverResult result = trim({lane_tensor("w", values)}, density);
    EXPECT_EQ(result.lanes[0][0], oracle::trim(values, density));
    EXPECT_EQ(result.sampled_passes, 1u);
    EXPECT_EQ(result.full_passes, 1u);
  }
}

TEST(Selection, HeavyTiesAreSharedByIndex) {
  // Few different magnitudes, as in differences of bfloat16 values.
  oracle::Vector values = bell_curve(1000000, 3);
  for (double& value : values) value = std::round(value * 30.0);
  for (const double density : {0.05, 0.2, 0.5, 0.97}) {
    const DriverResult result = trim({lane_tensor("w", values)}, density);
    EXPECT_EQ(result.lanes[0][0], oracle::trim(values, density)) << density;
    EXPECT_EQ(result.full_passes, 1u);
  }
}

TEST(Selection, EqualMagnitudesKeepTheFirst) {
  oracle::Vector values(500000, -1.0);
  const auto lane = trim({lane_tensor("w", values)}, 0.3).lanes[0][0];
  std::fill(values.begin() + 150000, values.end(), 0.0);
  EXPECT_EQ(lane, values);
}

TEST(Selection, ZeroTaskVectorsStayZero) {
  const oracle::Vector values(400000);
  EXPECT_EQ(trim({lane_tensor("w", values)}, 0.3).lanes[0][0], values);
}

TEST(Selection, MisleadingSamplesCostPassesNotExactness) {
  oracle::Vector rising = bell_curve(800000, 4);
  std::sort(rising.begin(), rising.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  oracle::Vector falling(rising.rbegin(), rising.rend());
  // Stretches of very different scale.
  oracle::Vector stretches = bell_curve(800000, 5);
  for (std::size_t i = 0; i < stretches.size(); ++i) stretches[i] *= std::exp2(static_cast<double>(i / 100000 * 7 % 8));
  for (const auto& values : {rising, falling, stretches})
    for (const double density : {0.01, 0.3, 0.99}) {
      const DriverResult fair = trim({lane_tensor("w", values)}, density);
      const DriverResult misled = trim({lane_tensor("w", values)}, density, {.sample_front = true});
      const oracle::Vector expected = oracle::trim(values, density);
      EXPECT_EQ(fair.lanes[0][0], expected);
      EXPECT_EQ(misled.lanes[0][0], expected);
      EXPECT_LE(misled.full_passes, 6u);
    }
  // The first 64Ki of the falling values are the largest: 0.3 lies outside what the sample saw.
  EXPECT_GT(trim({lane_tensor("w", falling)}, 0.3, {.sample_front = true}).full_passes, 1u);
}

TEST(Selection, ModelScopeSharesTiesOverTensorsInOrder) {
  oracle::Vector whole = bell_curve(700000, 6);
  for (double& value : whole) value = std::round(value * 8.0);
  std::vector<TestTensor> tensors;
  const std::vector<std::size_t> sizes{1, 300000, 0, 65536, 70000, 264463};
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(at);
    tensors.push_back(lane_tensor("t" + std::to_string(at) + "." + std::to_string(size),
                                  {begin, begin + static_cast<std::ptrdiff_t>(size)}));
    at += size;
  }
  ASSERT_EQ(at, whole.size());
  for (const double density : {0.1, 0.6}) {
    const DriverResult result = trim(tensors, density, {}, true);
    oracle::Vector kept;
    for (const auto& lanes : result.lanes) kept.insert(kept.end(), lanes[0].begin(), lanes[0].end());
    EXPECT_EQ(kept, oracle::trim(whole, density));
  }
}

TEST(Selection, NanCountsAsTheLargestMagnitude) {
  oracle::Vector values(10, 1.0);
  values[7] = NAN;
  values[3] = 5.0;
  const auto lane = trim({lane_tensor("w", values)}, 0.2).lanes[0][0];
  EXPECT_TRUE(std::isnan(lane[7]));
  EXPECT_EQ(lane[3], 5.0);
  EXPECT_EQ(std::count(lane.begin(), lane.end(), 0.0), 8);

  oracle::Vector all(300000, NAN);
  const auto kept = trim({lane_tensor("w", all)}, 0.5).lanes[0][0];
  EXPECT_EQ(std::count_if(kept.begin(), kept.end(), [](double x) { return std::isnan(x); }), 150000);
}

TEST(Selection, MagnitudesBelowFloat32RoundToZeroAndShareByIndex) {
  const oracle::Vector values{1e-60, 1e-50, 2e-60, 0.5};
  EXPECT_EQ(trim({lane_tensor("w", values)}, 0.5).lanes[0][0], (oracle::Vector{1e-60, 0.0, 0.0, 0.5}));
}

}  // namespace
}  // namespace wootz::testing
