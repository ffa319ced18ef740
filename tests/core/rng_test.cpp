#include "wootz/core/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <tuple>

namespace wootz {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers that come with Random123 (Salmon et al.), philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomBits, ElementsTakeTheWordsTheHeaderSays) {
  const RngKey key{1, 2};
  for (const std::uint64_t group : {0ull, 1ull, 1000ull, (1ull << 28) - 1, 1ull << 28, (1ull << 40) + 3})
    for (std::uint32_t c = 0; c < 16; ++c) {
      const std::uint64_t counter = group * 16 + c;
      const Block block =
          philox4x32({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0}, key);
      for (std::uint32_t j = 0; j < 4; ++j) EXPECT_EQ(random_bits(key, group * 64 + j * 16 + c), block[j]);
    }
}

TEST(RandomBits, StreamsDiffer) {
  std::set<std::tuple<std::uint32_t, std::uint32_t>> keys;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 40})
    for (const char* name : {"", "a", "model.layers.0.weight", "model.layers.1.weight"})
      for (const std::uint64_t stream : {0ull, 1ull, 2ull, 1ull << 33}) {
        const RngKey key = rng_key(seed, name, stream);
        keys.insert({key.k0, key.k1});
      }
  EXPECT_EQ(keys.size(), 3u * 4u * 4u);
}

// Fixed for ever: a merge must give the same bytes in every version.
TEST(RandomBits, StreamsStayTheSame) {
  const RngKey key = rng_key(42, "model.layers.0.mlp.up_proj.weight", 3);
  EXPECT_EQ(key.k0, 0x41bd4e12u);
  EXPECT_EQ(key.k1, 0xdc4ac145u);
  EXPECT_EQ(random_bits(key, 123456789), 0x2b479264u);
}

TEST(RandomBits, AreUniformAndUncorrelated) {
  const RngKey key = rng_key(7, "tensor", 0);
  const RngKey other = rng_key(7, "tensor", 1);
  constexpr int kCount = 100000;
  double mean = 0.0;
  double between_neighbours = 0.0;
  double between_streams = 0.0;
  const auto centred = [](std::uint32_t bits) { return (bits + 0.5) / 4294967296.0 - 0.5; };
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double value = centred(random_bits(key, i));
    mean += value / kCount;
    between_neighbours += 12.0 * value * centred(random_bits(key, i + 1)) / kCount;
    between_streams += 12.0 * value * centred(random_bits(other, i)) / kCount;
  }
  // Four standard deviations of each statistic.
  EXPECT_NEAR(mean, 0.0, 4.0 * std::sqrt(1.0 / 12.0 / kCount));
  EXPECT_NEAR(between_neighbours, 0.0, 4.0 / std::sqrt(kCount));
  EXPECT_NEAR(between_streams, 0.0, 4.0 / std::sqrt(kCount));
}

TEST(RandomNormal, HasTheMomentsOfANormal) {
  const RngKey key = rng_key(7, "tensor", 0);
  constexpr int kCount = 100000;
  std::array<double, 5> moments{};  // of order 0 to 4
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double x = random_normal(key, i);
    for (std::size_t order = 0; order < moments.size(); ++order) moments[order] += std::pow(x, order) / kCount;
  }
  // Four standard deviations of each: the variances of x, x^2, x^3 and x^4 are 1, 2, 15 and 96.
  const double unit = 4.0 / std::sqrt(kCount);
  EXPECT_NEAR(moments[1], 0.0, unit);
  EXPECT_NEAR(moments[2], 1.0, unit * std::sqrt(2.0));
  EXPECT_NEAR(moments[3], 0.0, unit * std::sqrt(15.0));
  EXPECT_NEAR(moments[4], 3.0, unit * std::sqrt(96.0));
}

}  // namespace
}  // namespace wootz
