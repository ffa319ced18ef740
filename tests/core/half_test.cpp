#include "wootz/core/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace wootz {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Format {
  const char* name;
  double (*decode)(std::uint16_t);
  std::uint16_t (*encode)(double);
  std::uint16_t infinity;  // all exponent bits
};

const Format kF16{"f16", f16_to_double, double_to_f16, 0x7c00};
const Format kBF16{"bf16", bf16_to_double, double_to_bf16, 0x7f80};

class Half : public ::testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, Half, ::testing::Values(kF16, kBF16),
                         [](const auto& each) { return each.param.name; });

TEST_P(Half, EveryValueSurvivesARoundTrip) {
  const Format& format = GetParam();
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double value = format.decode(half);
    if ((half & 0x7fff) > format.infinity) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_GT(format.encode(value) & 0x7fff, format.infinity) << bits;
    } else {
      EXPECT_EQ(format.encode(value), half) << bits;
    }
  }
}

// Values rise with their bits, and everything between two neighbours goes to the nearer, or at the middle to the even
// one: with the known values below this fixes decoding and encoding for all doubles.
TEST_P(Half, RoundsToNearestEven) {
  const Format& format = GetParam();
  for (std::uint16_t lower = 0; lower + 1 < format.infinity; ++lower) {
    const auto upper = static_cast<std::uint16_t>(lower + 1);
    const double a = format.decode(lower);
    const double b = format.decode(upper);
    ASSERT_LT(a, b);
    const double middle = a + (b - a) / 2;  // exact: both have few bits
    const std::uint16_t even = lower % 2 == 0 ? lower : upper;
    ASSERT_EQ(format.encode(middle), even) << lower;
    ASSERT_EQ(format.encode(-middle), even | 0x8000) << lower;
    ASSERT_EQ(format.encode(std::nextafter(middle, a)), lower) << lower;
    ASSERT_EQ(format.encode(std::nextafter(middle, b)), upper) << lower;
  }
}

TEST_P(Half, Extremes) {
  const Format& format = GetParam();
  const double largest = format.decode(static_cast<std::uint16_t>(format.infinity - 1));
  const double step = largest - format.decode(static_cast<std::uint16_t>(format.infinity - 2));
  EXPECT_EQ(format.encode(std::nextafter(largest + step / 2, 0.0)), format.infinity - 1);
  EXPECT_EQ(format.encode(largest + step / 2), format.infinity);
  EXPECT_EQ(format.encode(std::numeric_limits<double>::max()), format.infinity);
  EXPECT_EQ(format.encode(-kInfinity), format.infinity | 0x8000);
  EXPECT_EQ(format.encode(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(format.encode(-std::numeric_limits<double>::denorm_min()), 0x8000);
  EXPECT_EQ(format.encode(-0.0), 0x8000);
  EXPECT_EQ(format.encode(0.0), 0);
  EXPECT_TRUE(std::signbit(format.decode(0x8000)));
  EXPECT_EQ(format.decode(format.infinity), kInfinity);
}

TEST(HalfF16, KnownValues) {
  EXPECT_EQ(f16_to_double(0x3c00), 1.0);
  EXPECT_EQ(f16_to_double(0xc000), -2.0);
  EXPECT_EQ(f16_to_double(0x7bff), 65504.0);
  EXPECT_EQ(f16_to_double(0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(f16_to_double(0x0400), std::ldexp(1.0, -14));
  EXPECT_EQ(f16_to_double(0x3555), 0.333251953125);
  EXPECT_EQ(double_to_f16(0.1), 0x2e66);
  EXPECT_EQ(double_to_f16(65519.999), 0x7bff);
  EXPECT_EQ(double_to_f16(65520.0), 0x7c00);
}

TEST(HalfBF16, KnownValues) {
  EXPECT_EQ(bf16_to_double(0x3f80), 1.0);
  EXPECT_EQ(bf16_to_double(0x4049), 3.140625);
  EXPECT_EQ(bf16_to_double(0x0001), std::ldexp(1.0, -133));
  EXPECT_EQ(double_to_bf16(0.1), 0x3dcd);
  EXPECT_EQ(double_to_bf16(-3.14159265358979), 0xc049);
}

TEST(HalfBF16, RoundsOnceFromDouble) {
  // By way of float this would become a tie, and then round down to even.
  const double just_above_tie = 1.0 + std::ldexp(1.0, -8) + std::ldexp(1.0, -40);
  EXPECT_EQ(static_cast<double>(static_cast<float>(just_above_tie)), 1.0 + std::ldexp(1.0, -8));
  EXPECT_EQ(double_to_bf16(just_above_tie), 0x3f81);
}

}  // namespace
}  // namespace wootz
