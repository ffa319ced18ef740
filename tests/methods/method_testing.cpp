#include "methods/method_testing.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "wootz/core/half.h"

namespace wootz::testing {
namespace {

/// The dtype's values numbered in order; neighbours differ by 1.
std::int64_t ordinal(Dtype dtype, double value) {
  std::int64_t bits = 0;
  std::int64_t sign = 0;
  if (dtype == Dtype::kF32) {
    bits = std::bit_cast<std::int32_t>(static_cast<float>(value));
    sign = std::int64_t{1} << 31;
    bits &= 0xffffffff;
  } else {
    bits = dtype == Dtype::kF16 ? double_to_f16(value) : double_to_bf16(value);
    sign = 1 << 15;
  }
  return (bits & sign) != 0 ? -(bits & (sign - 1)) : bits;
}

}  // namespace

double rounded(Dtype dtype, double value) {
  switch (dtype) {
    case Dtype::kF16:
      return f16_to_double(double_to_f16(value));
    case Dtype::kBF16:
      return bf16_to_double(double_to_bf16(value));
    case Dtype::kF32:
      return static_cast<double>(static_cast<float>(value));
    default:
      return value;
  }
}

TestTensor random_tensor(const std::string& name, const Shape& shape, std::size_t models, Dtype dtype,
                         std::uint64_t seed, double delta_scale) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1.0; };
  const auto bell = [&] { return uniform() + uniform() + uniform(); };
  const std::uint64_t size = *num_elements(shape);
  TestTensor tensor{name, shape, {}, {}};
  for (std::uint64_t i = 0; i < size; ++i) tensor.base.push_back(rounded(dtype, 0.1 * bell()));
  for (std::size_t k = 0; k < models; ++k) {
    auto& model = tensor.models.emplace_back();
    for (std::uint64_t i = 0; i < size; ++i) model.push_back(rounded(dtype, tensor.base[i] + delta_scale * bell()));
  }
  return tensor;
}

void expect_near_ulp(Dtype dtype, const std::vector<double>& actual, const std::vector<double>& expected, int ulps) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i]) && std::isnan(expected[i])) continue;
    ASSERT_LE(std::abs(ordinal(dtype, actual[i]) - ordinal(dtype, expected[i])), ulps)
        << dtype_name(dtype) << ", element " << i << ": " << actual[i] << " instead of " << expected[i];
  }
}

oracle::Vectors task_vectors(const TestTensor& tensor) { return oracle::task_vectors(tensor.base, tensor.models); }

}  // namespace wootz::testing
