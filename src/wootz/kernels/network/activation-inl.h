// Loading and storing activations, whatever their storage; included once per target, so the guard toggles.
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "wootz/kernels/network.h"

#if defined(WOOTZ_KERNELS_NETWORK_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WOOTZ_KERNELS_NETWORK_ACTIVATION_INL_H_
#undef WOOTZ_KERNELS_NETWORK_ACTIVATION_INL_H_
#else
#define WOOTZ_KERNELS_NETWORK_ACTIVATION_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Bits32 = hn::Rebind<std::uint32_t, Floats>;
using Bits16 = hn::Rebind<std::uint16_t, Floats>;
using Vector = hn::Vec<Floats>;

/// The bits of a bfloat16.
using BFloat16 = std::uint16_t;

HWY_INLINE Vector load(const float* x) { return hn::LoadU(Floats(), x); }
HWY_INLINE Vector load(const BFloat16* x) {
  const Bits32 bits;
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(bits, hn::LoadU(Bits16(), x))));
}

HWY_INLINE void store(Vector value, float* x) { hn::StoreU(value, Floats(), x); }
// To nearest, ties to even. A NaN stays one, whatever its payload: its quiet bit is kept by the or.
HWY_INLINE void store(Vector value, BFloat16* x) {
  const Bits32 d;
  const auto bits = hn::BitCast(d, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1U));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7FFFU))));
  const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(d, 0x40U));
  const auto is_nan = hn::MaskFromVec(hn::BitCast(d, hn::VecFromMask(Floats(), hn::IsNaN(value))));
  hn::StoreU(hn::TruncateTo(Bits16(), hn::IfThenElse(is_nan, quiet, rounded)), Bits16(), x);
}

HWY_INLINE float load_one(const float* x) { return *x; }
HWY_INLINE float load_one(const BFloat16* x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(*x) << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
HWY_INLINE void store_one(float value, float* x) { *x = value; }
HWY_INLINE void store_one(float value, BFloat16* x) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  *x = value != value ? static_cast<BFloat16>((bits >> 16) | 0x40U)
                      : static_cast<BFloat16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

// Calls body(i) for whole vectors and last(i) for the elements after them.
template <typename Body, typename Last>
HWY_INLINE void for_vectors(std::size_t n, const Body& body, const Last& last) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i);
  for (; i < n; ++i) last(i);
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // toggle
