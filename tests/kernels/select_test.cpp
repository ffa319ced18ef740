#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/inputs.h"
#include "wootz/kernels/magnitude.h"

namespace wootz::kernels {
namespace {

using testing::bits_of;
using testing::Inputs;
using testing::Kind;
using testing::pointers;

// Some key of the block, or one that none has.
MagnitudeKey some_key(Inputs& inputs, const std::vector<double>& x) {
  if (x.empty() || inputs.bits() % 8 == 0) return static_cast<MagnitudeKey>(inputs.bits()) & kMaxKey;
  return key_of(x[inputs.bits() % x.size()]);
}

TEST(Keys, AgreeWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(14);
    for (const std::size_t n : testing::sizes()) {
      const std::vector<double> x = inputs.block(Kind::kSpecials, n);
      std::vector<MagnitudeKey> actual(n), expected(n);
      table.magnitude_keys(x.data(), n, actual.data());
      reference::magnitude_keys(x.data(), n, expected.data());
      ASSERT_EQ(actual, expected) << table.isa << " " << n;
      const MagnitudeKey key = some_key(inputs, x);
      ASSERT_EQ(table.count_key(x.data(), n, key), reference::count_key(x.data(), n, key)) << table.isa << " " << n;
    }
  }
}

TEST(Keys, OrderMagnitudesAsFloats) {
  const std::vector<double> x{0.0, -0.0, 1.0, -1.0, 1.0 + 1e-12, -2.0, 1e300};
  std::vector<MagnitudeKey> keys(x.size());
  magnitude_keys(x.data(), x.size(), keys.data());
  EXPECT_EQ(keys, (std::vector<MagnitudeKey>{0, 0, 0x3f800000, 0x3f800000, 0x3f800000, 0x40000000, 0x7f800000}));
}

TEST(CountRange, AgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(15);
    for (int round = 0; round < 4; ++round) {
      RangeCount actual, expected;
      std::vector<MagnitudeKey> inside, inside_expected;
      for (const std::size_t n : testing::sizes()) {
        const std::vector<double> x = inputs.block(testing::kKinds[n % 3], n);
        const MagnitudeKey a = some_key(inputs, x), b = n % 5 == 0 ? a : some_key(inputs, x);
        const MagnitudeKey low = round == 0 ? 0 : std::min(a, b), high = round == 0 ? kMaxKey : std::max(a, b);
        table.count_range(x.data(), n, low, high, actual, inside);
        reference::count_range(x.data(), n, low, high, expected, inside_expected);
        ASSERT_EQ(actual.above, expected.above) << table.isa << " " << n;
        ASSERT_EQ(actual.at_high, expected.at_high) << table.isa << " " << n;
        ASSERT_EQ(actual.at_low, expected.at_low) << table.isa << " " << n;
        ASSERT_EQ(inside, inside_expected) << table.isa << " " << n;
      }
    }
  }
}

TEST(CountRange, KnownCounts) {
  const std::vector<double> x{4.0, -2.0, 1.0, 3.0, -1.0, 2.5, 0.5, 4.0, 5.0};
  RangeCount counts;
  std::vector<MagnitudeKey> inside;
  count_range(x.data(), x.size(), key_of(1.0), key_of(4.0), counts, inside);
  EXPECT_EQ(counts.above, 1u);
  EXPECT_EQ(counts.at_high, 2u);
  EXPECT_EQ(counts.at_low, 2u);
  EXPECT_EQ(inside, (std::vector<MagnitudeKey>{key_of(2.0), key_of(3.0), key_of(2.5)}));
}

// Counters of zero, few, as many as a chunk, more than there are, so that they run out at any place or never.
std::uint64_t some_counter(Inputs& inputs) {
  constexpr std::array<std::uint64_t, 8> kCounters{0, 0, 1, 5, 255, 256, 700, 1000000};
  return kCounters[inputs.bits() % kCounters.size()];
}

Window some_window(Inputs& inputs, const std::vector<double>& x) {
  const MagnitudeKey a = some_key(inputs, x), b = inputs.bits() % 4 == 0 ? a : some_key(inputs, x);
  return {std::max(a, b), some_counter(inputs), std::min(a, b), some_counter(inputs)};
}

TEST(KeepWindow, AgreesWithTheTwinOverConsecutiveCalls) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(16);
    for (int round = 0; round < 200; ++round) {
      const Kind kind = testing::kKinds[static_cast<std::size_t>(round) % 3];
      std::vector<double> actual = inputs.block(kind, 3000), expected = actual;
      Window window = some_window(inputs, actual), twin = window;
      for (std::size_t from = 0; from < actual.size();) {  // in pieces of any size
        const std::size_t n = std::min<std::size_t>(inputs.bits() % 900, actual.size() - from);
        table.keep_window(&actual[from], n, window);
        reference::keep_window(&expected[from], n, twin);
        from += n;
        ASSERT_EQ(window.drop_high, twin.drop_high) << table.isa;
        ASSERT_EQ(window.keep_low, twin.keep_low) << table.isa;
      }
      ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " round " << round;
    }
  }
}

TEST(KeepWindow, ByScoreAgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(17);
    for (const std::size_t n : testing::sizes()) {
      const std::vector<double> score = inputs.block(testing::kKinds[n % 3], n);
      auto actual = inputs.lanes(Kind::kSpecials, 1 + n % 4, n);
      auto expected = actual;
      Window window = some_window(inputs, score), twin = window;
      table.keep_window_by_score(pointers(actual), score.data(), n, window);
      reference::keep_window_by_score(pointers(expected), score.data(), n, twin);
      ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " " << n;
      ASSERT_EQ(window.drop_high, twin.drop_high) << table.isa << " " << n;
      ASSERT_EQ(window.keep_low, twin.keep_low) << table.isa << " " << n;
    }
  }
}

TEST(PackedBits, AgreeWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(18);
    for (const Kind kind : testing::kKinds)
      for (const std::size_t n : testing::sizes()) {
        const std::vector<double> x = inputs.block(kind, n);
        std::vector<std::uint8_t> actual((n + 7) / 8), expected = actual;
        table.pack_nonzero(x.data(), n, actual.data());
        reference::pack_nonzero(x.data(), n, expected.data());
        ASSERT_EQ(actual, expected) << table.isa << " " << n;
        std::vector<double> kept = inputs.block(kind, n), kept_expected = kept;
        table.keep_packed(kept.data(), n, actual.data(), 1.7);
        reference::keep_packed(kept_expected.data(), n, expected.data(), 1.7);
        ASSERT_EQ(bits_of(kept), bits_of(kept_expected)) << table.isa << " " << n;
      }
  }
}

TEST(PackedBits, KeepWhatWasNotZero) {
  std::vector<double> x{0.0, 2.0, -0.0, -3.0, 5.0, 0.0, 0.0, 0.0, 1.0};
  std::vector<std::uint8_t> bits(2);
  pack_nonzero(x.data(), x.size(), bits.data());
  EXPECT_EQ(bits, (std::vector<std::uint8_t>{0b00011010, 0b1}));
  std::vector<double> y(9, 1.0);
  keep_packed(y.data(), y.size(), bits.data(), 0.5);
  EXPECT_EQ(y, (std::vector<double>{0.0, 0.5, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.5}));
}

TEST(KeepWindow, TiesGoByIndex) {
  for (const KernelTable& table : supported_tables()) {
    std::vector<double> x{3.0, -3.0, 3.0, 2.0, 1.0, -1.0, 1.0, 0.5, 4.0, 1.0};
    Window window{key_of(3.0), 2, key_of(1.0), 2};
    table.keep_window(x.data(), 5, window);
    table.keep_window(x.data() + 5, 5, window);
    EXPECT_EQ(x, (std::vector<double>{0.0, 0.0, 3.0, 2.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0})) << table.isa;

    std::vector<double> same(1000, -2.0), expected(1000, 0.0);
    std::fill(expected.begin() + 300, expected.begin() + 900, -2.0);
    Window one_key{key_of(2.0), 300, key_of(2.0), 600};
    table.keep_window(same.data(), 400, one_key);
    table.keep_window(same.data() + 400, 600, one_key);
    EXPECT_EQ(same, expected) << table.isa;
  }
}

}  // namespace
}  // namespace wootz::kernels
