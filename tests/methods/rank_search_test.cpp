#include "wootz/methods/rank_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace wootz {
namespace {

using Key = kernels::MagnitudeKey;

/// Runs a search over keys in pieces of `piece`, with a sample of the first `sampled` keys. Returns the counting
/// passes.
int run(RankSearch& search, const std::vector<Key>& keys, std::uint64_t position, std::size_t piece,
        std::size_t sampled) {
  KeySample sample;
  for (std::size_t i = 0; i < sampled; i += 16)
    sample.add(std::span(keys).subspan(i, std::min<std::size_t>(16, sampled - i)));
  search.seek(position, keys.size());
  search.start(sample);
  int passes = 0;
  for (; !search.found() && passes < 40; ++passes) {
    for (std::size_t first = 0; first < keys.size(); first += piece) {
      kernels::RangeCount counts;
      std::vector<Key> inside;
      for (std::size_t i = first; i < std::min(keys.size(), first + piece); ++i) {
        counts.above += keys[i] > search.high() ? 1u : 0u;
        counts.at_high += keys[i] == search.high() ? 1u : 0u;
        counts.at_low += keys[i] == search.low() && search.low() != search.high() ? 1u : 0u;
        if (keys[i] > search.low() && keys[i] < search.high()) inside.push_back(keys[i]);
      }
      search.add(0, first / piece, counts, inside);
    }
    search.conclude();
  }
  return passes;
}

struct RankSearchCase {
  std::size_t capacity;
  std::size_t sampled;
};

class RankSearchTest : public ::testing::TestWithParam<RankSearchCase> {};

TEST_P(RankSearchTest, FindsEveryPosition) {
  std::mt19937 random(5);
  std::vector<Key> keys;
  for (int i = 0; i < 400; ++i) keys.push_back(random() & kernels::kMaxKey);
  for (int i = 0; i < 300; ++i) keys.push_back(keys[static_cast<std::size_t>(i % 7)]);
  keys.insert(keys.end(), 50, 0);
  keys.insert(keys.end(), 20, kernels::kMaxKey);
  std::vector<Key> order = keys;
  std::sort(order.begin(), order.end(), std::greater<>());
  for (std::uint64_t position = 0; position < keys.size(); ++position) {
    RankSearch search(GetParam().capacity);
    const int passes = run(search, keys, position, 64, GetParam().sampled);
    ASSERT_TRUE(search.found()) << position;
    ASSERT_LE(passes, 9);
    const Key key = order[position];
    ASSERT_EQ(search.key(), key) << position;
    ASSERT_EQ(search.before(),
              static_cast<std::uint64_t>(std::count_if(keys.begin(), keys.end(), [&](Key k) { return k > key; })));
    ASSERT_EQ(search.equal(), static_cast<std::uint64_t>(std::count(keys.begin(), keys.end(), key)));
    if (!search.pieces()) continue;
    for (std::uint64_t piece = 0; piece < 13; ++piece) {
      const auto begin = keys.begin();
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(piece * 64, keys.size()));
      ASSERT_EQ(search.pieces()->before(0, piece), static_cast<std::uint64_t>(std::count(begin, end, key)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(MemoryAndSample, RankSearchTest,
                         ::testing::Values(RankSearchCase{1u << 20, 200}, RankSearchCase{4, 200}, RankSearchCase{4, 0},
                                           RankSearchCase{1u << 20, 770}, RankSearchCase{100, 16}));

TEST(KeyStore, BinsWhatItCannotKeep) {
  KeyStore store(100, 1u << 30, 3);
  const std::vector<Key> keys{500, 100, 1u << 30, 500};
  store.add(0, 0, keys);
  const KeyStore::Place top = store.find(0);
  EXPECT_LE(top.lowest, 1u << 30);
  EXPECT_EQ(top.highest, 1u << 30);
  EXPECT_EQ(top.before, 0u);
  EXPECT_EQ(top.within, 1u);
  EXPECT_FALSE(store.pieces_with(500).has_value());
  const KeyStore::Place bottom = store.find(3);
  EXPECT_EQ(bottom.lowest, 100u);
  EXPECT_EQ(bottom.before, 1u);
  EXPECT_EQ(bottom.within, 3u);
}

}  // namespace
}  // namespace wootz
