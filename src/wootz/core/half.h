// Scalar conversions between double and the 16-bit floats: the reference that the SIMD kernels are checked against.
#pragma once

#include <cstdint>

namespace wootz {

/// Exact.
double bf16_to_double(std::uint16_t bits);
double f16_to_double(std::uint16_t bits);

/// Round to nearest, ties to even, in one step from double; overflow gives infinity; NaN stays NaN (quiet).
std::uint16_t double_to_bf16(double value);
std::uint16_t double_to_f16(double value);

}  // namespace wootz
