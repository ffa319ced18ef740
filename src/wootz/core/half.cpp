#include "wootz/core/half.h"

#include <bit>
#include <cmath>
#include <limits>

namespace wootz {
namespace {

// Rounds |value| to a binary format with `mantissa` stored bits, least normal exponent `min_exponent` and
// `exponent_bits`, and returns its bits without the sign. The scaling by powers of two is exact, so the one
// rounding is that of nearbyint (ties to even).
std::uint16_t encode(double magnitude, int mantissa, int min_exponent, int exponent_bits) {
  const auto infinity = static_cast<std::uint16_t>(((1u << exponent_bits) - 1u) << mantissa);
  if (std::isnan(magnitude)) return static_cast<std::uint16_t>(infinity | (1u << (mantissa - 1)));
  if (std::isinf(magnitude)) return infinity;
  if (magnitude == 0.0) return 0;
  const int exponent = std::max(std::ilogb(magnitude), min_exponent);
  const double units = std::nearbyint(std::scalbn(magnitude, mantissa - exponent));
  // Adding the integer significand to the biased exponent lets a carry move to the next binade by itself.
  const double bits = units + std::scalbn(static_cast<double>(exponent - min_exponent), mantissa);
  return bits >= infinity ? infinity : static_cast<std::uint16_t>(bits);
}

std::uint16_t sign_bit(double value) { return std::signbit(value) ? 0x8000u : 0u; }

}  // namespace

double bf16_to_double(std::uint16_t bits) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

double f16_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const double fraction = bits & 0x3ff;
  double magnitude = 0.0;
  if (exponent == 0x1f)
    magnitude = fraction == 0.0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0)
    magnitude = std::scalbn(fraction, -24);
  else
    magnitude = std::scalbn(1024.0 + fraction, exponent - 25);
  return (bits & 0x8000u) != 0 ? -magnitude : magnitude;
}

std::uint16_t double_to_bf16(double value) {
  return static_cast<std::uint16_t>(sign_bit(value) | encode(std::abs(value), 7, -126, 8));
}

std::uint16_t double_to_f16(double value) {
  return static_cast<std::uint16_t>(sign_bit(value) | encode(std::abs(value), 10, -14, 5));
}

}  // namespace wootz
