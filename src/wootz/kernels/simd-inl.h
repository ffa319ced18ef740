// What the SIMD bodies share; included once per target, so the guard toggles.
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "wootz/kernels/magnitude.h"
#include "wootz/kernels/reference.h"
#include "wootz/kernels/table.h"

#if defined(WOOTZ_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WOOTZ_KERNELS_SIMD_INL_H_
#undef WOOTZ_KERNELS_SIMD_INL_H_
#else
#define WOOTZ_KERNELS_SIMD_INL_H_
#endif

// Where there is no vector unit the table keeps the scalar twins.
#undef WOOTZ_KERNELS_HAVE_VECTORS
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#define WOOTZ_KERNELS_HAVE_VECTORS 0
#else
#define WOOTZ_KERNELS_HAVE_VECTORS 1
#endif

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS

namespace hn = hwy::HWY_NAMESPACE;

// Values are doubles, at most kSumLanes of them to a vector; the other tags have as many lanes.
using Doubles = hn::CappedTag<double, kSumLanes>;
using Signed64 = hn::RebindToSigned<Doubles>;
using Unsigned64 = hn::RebindToUnsigned<Doubles>;
using Floats = hn::Rebind<float, Doubles>;
using Signed32 = hn::Rebind<std::int32_t, Doubles>;
using Unsigned32 = hn::Rebind<std::uint32_t, Doubles>;
using Unsigned16 = hn::Rebind<std::uint16_t, Doubles>;
using Value = hn::Vec<Doubles>;
using ValueMask = hn::Mask<Doubles>;

inline constexpr std::size_t kLanes = hn::MaxLanes(Doubles());
static_assert(kSumLanes % kLanes == 0);

// Keys are compared as signed numbers: they have 31 bits.
HWY_INLINE hn::Vec<Signed32> keys_of(Value values) {
  const Signed32 d32;
  return hn::And(hn::BitCast(d32, hn::DemoteTo(Floats(), values)), hn::Set(d32, static_cast<std::int32_t>(kMaxKey)));
}

// Twice as many keys, which fill a vector.
using FullKeys = hn::Twice<Signed32>;
inline constexpr std::size_t kKeyLanes = 2 * kLanes;
HWY_INLINE hn::Vec<FullKeys> load_keys(const double* x) {
  const Doubles d;
  return hn::Combine(FullKeys(), keys_of(hn::LoadU(d, x + kLanes)), keys_of(hn::LoadU(d, x)));
}

// Writes the lanes of `mask` to out, in order, and returns their number. Writes up to a vector beyond them.
template <typename D>
HWY_INLINE std::size_t append_where(D d, hn::Vec<D> values, hn::Mask<D> mask, hn::TFromD<D>* out) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  // Not compressed into memory, which is microcode on some machines.
  hn::StoreU(hn::Compress(values, mask), d, out);
  return hn::CountTrue(d, mask);
#else
  // Highway's tables for this are copied to the stack at every use (GCC 12, Highway 1.0).
  hn::TFromD<D> lanes[hn::MaxLanes(D())];
  std::uint8_t bits[8] = {};
  hn::StoreU(values, d, lanes);
  hn::StoreMaskBits(d, mask, bits);
  std::size_t count = 0;
  for (std::size_t lane = 0; lane < hn::MaxLanes(D()); ++lane) {
    out[count] = lanes[lane];
    count += bits[0] >> lane & 1u;
  }
  return count;
#endif
}

// The whole part of n that is a multiple of `step`; the rest is for the scalar twin.
constexpr std::size_t whole(std::size_t n, std::size_t step) { return n - n % step; }

#endif
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// Defines NAME(target, table) over the per-target functions of the same name.
#ifndef WOOTZ_DEFINE_FILL
#define WOOTZ_DEFINE_FILL(NAME)                                                                           \
  void NAME(std::int64_t target, KernelTable& table) {                                                    \
    struct Entry {                                                                                        \
      std::int64_t target;                                                                                \
      void (*fill)(KernelTable&);                                                                         \
    };                                                                                                    \
    const Entry entries[] = {{HWY_AVX3_DL, HWY_CHOOSE_AVX3_DL(NAME)}, {HWY_AVX3, HWY_CHOOSE_AVX3(NAME)},  \
                             {HWY_AVX2, HWY_CHOOSE_AVX2(NAME)},       {HWY_SSE4, HWY_CHOOSE_SSE4(NAME)},  \
                             {HWY_SSSE3, HWY_CHOOSE_SSSE3(NAME)},     {HWY_NEON, HWY_CHOOSE_NEON(NAME)}}; \
    for (const Entry& entry : entries)                                                                    \
      if (entry.target == target && entry.fill != nullptr) entry.fill(table);                             \
  }
#endif
