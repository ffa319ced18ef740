// Inputs for the kernel tests: blocks with ties, specials and odd placement, and comparison by bits.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "wootz/core/half.h"
#include "wootz/kernels/table.h"

namespace wootz::kernels::testing {

/// The tables other than the scalar twins.
inline std::vector<KernelTable> simd_tables() {
  std::vector<KernelTable> tables = supported_tables();
  tables.pop_back();
  return tables;
}

using Sizes = std::initializer_list<std::size_t>;

/// Sizes around every vector length, and blocks of the size in use with a tail.
inline std::vector<std::size_t> sizes() {
  std::vector<std::size_t> result;
  for (std::size_t n = 0; n <= 70; ++n) result.push_back(n);
  for (const std::size_t n : Sizes{255, 256, 257, 511, 1024, 1031, 2048, 2061, 4099}) result.push_back(n);
  return result;
}

enum class Kind {
  kDistinct,  ///< normal numbers of all sizes
  kTies,      ///< differences of bf16 numbers: few distinct magnitudes, many zeros
  kSpecials,  ///< with signed zeros, subnormals, infinities, NaN
};
inline constexpr std::array kKinds{Kind::kDistinct, Kind::kTies, Kind::kSpecials};

class Inputs {
 public:
  explicit Inputs(std::uint64_t seed) : engine_(seed) {}

  double value(Kind kind) {
    const double base = normal_(engine_) * 0.02;
    if (kind == Kind::kTies)
      return bf16_to_double(double_to_bf16(base + normal_(engine_) * 2e-4)) - bf16_to_double(double_to_bf16(base));
    if (kind == Kind::kSpecials && engine_() % 4 == 0) return kSpecialValues[engine_() % kSpecialValues.size()];
    return base;
  }

  std::vector<double> block(Kind kind, std::size_t n) {
    std::vector<double> result(n);
    for (double& element : result) element = value(kind);
    return result;
  }

  /// `count` blocks of n.
  std::vector<std::vector<double>> lanes(Kind kind, std::size_t count, std::size_t n) {
    std::vector<std::vector<double>> result(count);
    for (auto& lane : result) lane = block(kind, n);
    return result;
  }

  std::uint64_t bits() { return engine_(); }

 private:
  using Limits = std::numeric_limits<double>;
  static constexpr std::array<double, 16> kSpecialValues{0.0,
                                                         -0.0,
                                                         1.0,
                                                         -1.0,
                                                         Limits::infinity(),
                                                         -Limits::infinity(),
                                                         Limits::quiet_NaN(),
                                                         Limits::max(),
                                                         Limits::min(),
                                                         Limits::denorm_min(),
                                                         -Limits::denorm_min(),
                                                         0x1p-130,
                                                         -0x1p-149,
                                                         0x1p-20,
                                                         65519.99,
                                                         3.5e38};
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

/// Pointers to lanes.
inline std::vector<const double*> pointers(const std::vector<std::vector<double>>& lanes) {
  std::vector<const double*> result;
  for (const auto& lane : lanes) result.push_back(lane.data());
  return result;
}
inline std::vector<double*> pointers(std::vector<std::vector<double>>& lanes) {
  std::vector<double*> result;
  for (auto& lane : lanes) result.push_back(lane.data());
  return result;
}

/// The bits, with all NaN alike: which of two NaN operands an addition hands on is not defined.
inline std::uint64_t bits_of(double value) {
  return std::isnan(value) ? 0x7ff8000000000000u : std::bit_cast<std::uint64_t>(value);
}
inline std::vector<std::uint64_t> bits_of(std::span<const double> values) {
  std::vector<std::uint64_t> result;
  result.reserve(values.size());
  for (const double value : values) result.push_back(bits_of(value));
  return result;
}
inline std::vector<std::uint64_t> bits_of(const std::vector<std::vector<double>>& lanes) {
  std::vector<std::uint64_t> result;
  for (const auto& lane : lanes)
    for (const double value : lane) result.push_back(bits_of(value));
  return result;
}

}  // namespace wootz::kernels::testing
