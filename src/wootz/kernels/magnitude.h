// The scalar rules behind selection by magnitude, shared by the twins and by the odd ends of the SIMD bodies.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "wootz/kernels/kernels.h"

namespace wootz::kernels {

inline MagnitudeKey key_of(double value) { return std::bit_cast<MagnitudeKey>(static_cast<float>(value)) & kMaxKey; }

/// Whether the next value with this key lies inside the window; uses up its counters.
inline bool take_from_window(MagnitudeKey key, Window& window) {
  if (key > window.high || key < window.low) return false;
  if (key == window.high && window.drop_high > 0) {
    --window.drop_high;
    return false;
  }
  if (key != window.low) return true;
  if (window.keep_low == 0) return false;
  --window.keep_low;
  return true;
}

/// The smallest t with: bits < t exactly when bits * 2^-32 < probability. In [0, 2^32]; 0 for NaN.
inline std::uint64_t keep_threshold(double probability) {
  if (!(probability > 0.0)) return 0;
  return probability >= 1.0 ? std::uint64_t{1} << 32 : static_cast<std::uint64_t>(std::ceil(probability * 0x1p32));
}

/// DELLA's rule for one row of n elements.
class RankRule {
 public:
  RankRule(double density, double epsilon, std::size_t n)
      : lowest_(density - epsilon), spread_(2.0 * epsilon), last_(n > 1 ? static_cast<double>(n - 1) : 1.0) {}

  /// The definition.
  bool keeps(std::uint32_t bits, std::uint64_t rank) const {
    return static_cast<double>(bits) * 0x1p-32 < lowest_ + spread_ * static_cast<double>(rank) / last_;
  }

  /// keep probability * 2^32 as offset() + slope() * rank, without the division: right to far less than kSlack for
  /// the densities of is_plain().
  double offset() const { return lowest_ * 0x1p32; }
  double slope() const { return spread_ / last_ * 0x1p32; }
  static constexpr double kSlack = 2.0;

  /// Whether the probability rises with the rank and is of a size that offset() and slope() are good for.
  bool is_plain() const { return std::abs(lowest_) <= 4.0 && spread_ >= 0.0 && spread_ <= 4.0; }

 private:
  double lowest_;
  double spread_;
  double last_;
};

}  // namespace wootz::kernels
