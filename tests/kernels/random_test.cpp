#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/inputs.h"
#include "wootz/kernels/magnitude.h"

namespace wootz::kernels {
namespace {

using testing::bits_of;
using testing::Inputs;
using testing::Kind;

const RngKey kKey = rng_key(42, "model.layers.3.mlp.up_proj.weight", 1);
constexpr std::array<std::uint64_t, 6> kFirsts{0, 1, 63, 64, 1000003, (std::uint64_t{1} << 38) - 70};

TEST(RandomFill, GivesTheBitsOfTheStream) {
  for (const KernelTable& table : testing::simd_tables())
    for (const std::uint64_t first : kFirsts)
      for (const std::size_t n : testing::sizes()) {
        std::vector<std::uint32_t> actual(n);
        table.random_fill(kKey, first, n, actual.data());
        for (std::size_t i = 0; i < n; ++i)
          ASSERT_EQ(actual[i], random_bits(kKey, first + i)) << table.isa << " first " << first << " i " << i;
      }
}

TEST(RandomKeep, AgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(18);
    for (const std::uint64_t first : kFirsts)
      for (const std::size_t n : testing::Sizes{0, 1, 63, 64, 65, 127, 200, 2061})
        for (const double probability : {-1.0, 0.0, 0x1p-32, 0.3, 0.999999, 1.0, 2.0, std::nan("")}) {
          std::vector<double> actual = inputs.block(Kind::kDistinct, n), expected = actual;
          table.random_keep(actual.data(), n, kKey, first, probability);
          reference::random_keep(expected.data(), n, kKey, first, probability);
          ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " " << first << " " << n << " " << probability;
        }
  }
}

TEST(RandomKeep, KeepsTheFractionAskedForAndDrawsIndependently) {
  constexpr std::size_t kCount = 1 << 18;
  const double probability = 0.2;
  std::vector<double> x(kCount, 1.0), other(kCount, 1.0);
  random_keep(x.data(), kCount, kKey, 0, probability);
  random_keep(other.data(), kCount, rng_key(42, "model.layers.3.mlp.up_proj.weight", 2), 0, probability);
  double kept = 0.0, pairs = 0.0, both = 0.0;
  for (std::size_t i = 0; i < kCount; ++i) {
    kept += x[i];
    both += x[i] * other[i];
    if (i > 0) pairs += x[i] * x[i - 1];
  }
  // Six standard deviations of the binomial.
  const auto near = [](double count, double p) {
    return std::abs(count - p * kCount) < 6.0 * std::sqrt(p * (1.0 - p) * kCount);
  };
  EXPECT_TRUE(near(kept, probability)) << kept;
  EXPECT_TRUE(near(both, probability * probability)) << both;
  EXPECT_TRUE(near(pairs, probability * probability)) << pairs;
}

// The definition once more, by a double argsort, apart from the twin's.
std::vector<double> rank_keep_by_argsort(std::vector<double> x, RngKey key, std::uint64_t first, double density,
                                         double epsilon) {
  const std::size_t n = x.size();
  std::vector<std::size_t> order(n), rank(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&x](std::size_t a, std::size_t b) {
    const MagnitudeKey key_a = key_of(x[a]), key_b = key_of(x[b]);
    return key_a != key_b ? key_a < key_b : a < b;
  });
  for (std::size_t r = 0; r < n; ++r) rank[order[r]] = r;
  for (std::size_t i = 0; i < n; ++i) {
    const double span = n > 1 ? static_cast<double>(n - 1) : 1.0;
    const double probability = (density - epsilon) + 2.0 * epsilon * static_cast<double>(rank[i]) / span;
    if (!(static_cast<double>(random_bits(key, first + i)) / 4294967296.0 < probability)) x[i] = 0.0;
  }
  return x;
}

struct Rates {
  double density;
  double epsilon;
};
constexpr std::array<Rates, 7> kRates{
    {{0.5, 0.15}, {0.3, 0.3}, {0.5, 0.5}, {0.9, 0.4}, {0.2, 0.0}, {0.05, 0.2}, {0.6, -0.1}}};

void expect_definition(const std::vector<double>& x, std::uint64_t first, const Rates& rates, const char* what) {
  const std::vector<double> expected = rank_keep_by_argsort(x, kKey, first, rates.density, rates.epsilon);
  RankScratch scratch;
  for (const KernelTable& table : supported_tables()) {
    std::vector<double> actual = x;
    table.rank_keep(actual.data(), actual.size(), kKey, first, rates.density, rates.epsilon, scratch);
    ASSERT_EQ(bits_of(actual), bits_of(expected))
        << table.isa << " " << what << " n " << x.size() << " density " << rates.density;
  }
}

TEST(RankKeep, FollowsTheDefinitionForEverySize) {
  Inputs inputs(19);
  for (const std::size_t n : testing::sizes())
    for (const Rates& rates : kRates)
      expect_definition(inputs.block(testing::kKinds[n % 3], n), n % 2 == 0 ? 64 * n : 77, rates, "size");
}

TEST(RankKeep, FollowsTheDefinitionUnderHeavyTies) {
  Inputs inputs(20);
  for (const std::size_t n : testing::Sizes{64, 100, 2048, 5632}) {
    std::vector<std::vector<double>> rows{std::vector<double>(n, 0.0), std::vector<double>(n, 0.3)};
    std::vector<double> two(n), scaled = inputs.block(Kind::kTies, n), outlier = inputs.block(Kind::kTies, n);
    for (double& value : two) value = inputs.bits() % 2 == 0 ? 1.0 : -1.0 - 0x1p-20;
    for (double& value : scaled) value *= 0.3;  // ties with all the bits of their keys in use
    outlier[n / 2] = 1e6;                       // sends the rest to the last bucket
    rows.insert(rows.end(), {two, scaled, outlier, inputs.block(Kind::kTies, n)});
    for (const auto& row : rows)
      for (const Rates& rates : kRates) expect_definition(row, 640, rates, "ties");
  }
}

TEST(RankKeep, FollowsTheDefinitionWhereBucketsDoNotSeparate) {
  Inputs inputs(21);
  std::vector<double> narrow(9000);  // all in one bucket, all distinct: the counting gives up and sorts
  for (double& value : narrow) value = 1.0 + static_cast<double>(inputs.bits() % 65536) * 0x1p-22;
  for (const Rates& rates : kRates) expect_definition(narrow, 0, rates, "narrow");
}

TEST(RankKeep, FollowsTheDefinitionForLongRows) {
  Inputs inputs(22);
  for (const std::size_t n : testing::Sizes{65535, 65536, 70001}) {
    std::vector<double> scaled = inputs.block(Kind::kTies, n);
    for (double& value : scaled) value *= 0.3;
    expect_definition(scaled, 3, kRates[0], "long");
    expect_definition(inputs.block(Kind::kDistinct, n), 64, kRates[2], "long");
    expect_definition(inputs.block(Kind::kTies, n), 64, kRates[0], "long");
    expect_definition(inputs.block(Kind::kSpecials, n), 64, kRates[0], "long");
    std::vector<double> narrow(n);
    for (double& value : narrow) value = 1.0 + static_cast<double>(inputs.bits() % 512) * 0x1p-22;
    expect_definition(narrow, 64, kRates[0], "long narrow");
  }
}

TEST(RankKeep, FavoursTheGreater) {
  constexpr std::size_t kCount = 40000;
  std::vector<double> x(kCount);
  for (std::size_t i = 0; i < kCount; ++i) x[i] = static_cast<double>((i * 7919) % kCount + 1);
  RankScratch scratch;
  rank_keep(x.data(), kCount, kKey, 0, 0.5, 0.3, scratch);
  double low = 0.0, high = 0.0;
  for (const double value : x) {
    if (value > 0.0 && value <= kCount / 2.0) low += 1.0;
    if (value > kCount / 2.0) high += 1.0;
  }
  // The halves' mean keep probabilities are 0.35 and 0.65.
  EXPECT_NEAR(low / (kCount / 2.0), 0.35, 0.02);
  EXPECT_NEAR(high / (kCount / 2.0), 0.65, 0.02);
}

}  // namespace
}  // namespace wootz::kernels
