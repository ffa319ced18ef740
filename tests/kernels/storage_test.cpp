#include <gtest/gtest.h>

#include <cstring>

#include "kernels/inputs.h"

namespace wootz::kernels {
namespace {

using testing::Inputs;
using testing::Kind;

constexpr std::array kDtypes{Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16};

std::vector<std::uint64_t> raw_bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result(values.size());
  std::memcpy(result.data(), values.data(), values.size() * sizeof(double));
  return result;
}

TEST(Storage, LoadsEverySixteenBitNumber) {
  constexpr std::size_t kCount = 65536;
  std::vector<std::byte> stored(2 * kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    std::memcpy(&stored[2 * i], &bits, 2);
  }
  for (const KernelTable& table : supported_tables()) {
    for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16}) {
      std::vector<double> values(kCount);
      table.load(dtype, stored.data(), kCount, values.data());
      for (std::size_t i = 0; i < kCount; ++i) {
        const auto bits = static_cast<std::uint16_t>(i);
        const double expected = dtype == Dtype::kF16 ? f16_to_double(bits) : bf16_to_double(bits);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(values[i]), std::bit_cast<std::uint64_t>(expected))
            << table.isa << " " << dtype_name(dtype) << " " << i;
      }
    }
  }
}

// Every number of the dtype, every midpoint between neighbours, and the doubles next to both.
std::vector<double> boundaries(double (*widen)(std::uint16_t), std::uint16_t infinity) {
  std::vector<double> result;
  for (std::uint32_t bits = 0; bits < infinity; ++bits) {
    const double low = widen(static_cast<std::uint16_t>(bits));
    const double high = bits + 1u == infinity ? 2.0 * low - widen(static_cast<std::uint16_t>(bits - 1))
                                              : widen(static_cast<std::uint16_t>(bits + 1));
    const double middle = low + (high - low) / 2.0;
    for (const double center : {low, middle})
      for (const double value : {std::nextafter(center, 0.0), center, std::nextafter(center, 1e300)}) {
        result.push_back(value);
        result.push_back(-value);
      }
  }
  return result;
}

std::vector<double> store_inputs(Dtype dtype) {
  std::vector<double> values =
      dtype == Dtype::kF16 ? boundaries(f16_to_double, 0x7c00) : boundaries(bf16_to_double, 0x7f80);
  Inputs inputs(dtype == Dtype::kF16 ? 1 : 2);
  for (const double value : inputs.block(Kind::kSpecials, 4096)) values.push_back(value);
  values.push_back(std::bit_cast<double>(0xfff8000000000001u));  // NaN of every kind
  values.push_back(std::bit_cast<double>(0x7ff0000000000001u));
  values.push_back(std::bit_cast<double>(0x7fffffffffffffffu));
  // Any double, and any double in the range of the dtype.
  const std::uint64_t least = dtype == Dtype::kF16 ? 1023 - 27 : 1023 - 136;
  const std::uint64_t exponents = dtype == Dtype::kF16 ? 46 : 268;
  for (int i = 0; i < 100000; ++i) {
    values.push_back(std::bit_cast<double>(inputs.bits()));
    const std::uint64_t exponent = least + inputs.bits() % exponents;
    values.push_back(std::bit_cast<double>((inputs.bits() & 0x800fffffffffffffu) | exponent << 52));
  }
  return values;
}

TEST(Storage, StoresSixteenBitNumbersRoundedOnce) {
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16}) {
    const std::vector<double> values = store_inputs(dtype);
    std::vector<std::uint16_t> expected;
    for (const double value : values)
      expected.push_back(dtype == Dtype::kF16 ? double_to_f16(value) : double_to_bf16(value));
    for (const KernelTable& table : supported_tables()) {
      std::vector<std::byte> stored(2 * values.size());
      table.store(dtype, values.data(), values.size(), stored.data());
      for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint16_t bits;
        std::memcpy(&bits, &stored[2 * i], 2);
        ASSERT_EQ(bits, expected[i]) << table.isa << " " << dtype_name(dtype) << " " << values[i];
      }
    }
  }
}

TEST(Storage, AgreesWithTheTwinForEverySizeAndPlace) {
  for (const KernelTable& table : testing::simd_tables()) {
    for (const Dtype dtype : kDtypes) {
      Inputs inputs(3);
      for (const std::size_t n : testing::sizes()) {
        const std::size_t bytes = n * item_size(dtype);
        const std::size_t shift = n % 7;  // bytes off any alignment
        const std::vector<double> values = inputs.block(Kind::kSpecials, n);
        const std::vector<double> base = inputs.block(Kind::kDistinct, n);
        std::vector<std::byte> expected(bytes + shift + 1, std::byte{0x5a}), actual = expected;
        reference::store(dtype, values.data(), n, expected.data() + shift);
        table.store(dtype, values.data(), n, actual.data() + shift);
        ASSERT_EQ(actual, expected) << table.isa << " " << dtype_name(dtype) << " " << n;

        std::vector<double> wide(n + 1, 7.0), wide_expected = wide;
        reference::load(dtype, expected.data() + shift, n, wide_expected.data());
        table.load(dtype, expected.data() + shift, n, wide.data());
        ASSERT_EQ(raw_bits(wide), raw_bits(wide_expected)) << table.isa << " " << dtype_name(dtype) << " " << n;

        reference::load_difference(dtype, expected.data() + shift, base.data(), n, wide_expected.data());
        table.load_difference(dtype, expected.data() + shift, base.data(), n, wide.data());
        ASSERT_EQ(testing::bits_of(wide), testing::bits_of(wide_expected)) << table.isa << " " << n;
      }
    }
  }
}

TEST(Storage, KnownRoundings) {
  const std::vector<double> values{1.0 + 0x1p-8, 1.0 + 0x1p-8 + 0x1p-50, 1.0 + 3 * 0x1p-8, 65520.0, 65519.0, 0x1p-25};
  std::vector<std::uint16_t> bits(values.size());
  store(Dtype::kBF16, values.data(), 3, reinterpret_cast<std::byte*>(bits.data()));
  EXPECT_EQ(bits[0], 0x3f80);  // a tie goes to even
  EXPECT_EQ(bits[1], 0x3f81);  // which rounding through float would take for a tie
  EXPECT_EQ(bits[2], 0x3f82);
  store(Dtype::kF16, &values[3], 3, reinterpret_cast<std::byte*>(bits.data()));
  EXPECT_EQ(bits[0], 0x7c00);  // overflow
  EXPECT_EQ(bits[1], 0x7bff);
  EXPECT_EQ(bits[2], 0x0000);  // half the least subnormal: a tie to zero
}

}  // namespace
}  // namespace wootz::kernels
