#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/storage.cpp"
#include "hwy/foreach_target.h"
//
#include <bit>
#include <cstring>

#include "wootz/core/check.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

// Stored elements may lie at any byte, so they are moved as bytes.
template <typename D>
HWY_INLINE hn::Vec<D> load_bytes(D d, const std::byte* stored) {
  const hn::Repartition<std::uint8_t, D> d8;
  return hn::BitCast(d, hn::LoadU(d8, reinterpret_cast<const std::uint8_t*>(stored)));
}

template <typename D>
HWY_INLINE void store_bytes(D d, hn::Vec<D> values, std::byte* stored) {
  const hn::Repartition<std::uint8_t, D> d8;
  hn::StoreU(hn::BitCast(d8, values), d8, reinterpret_cast<std::uint8_t*>(stored));
  static_cast<void>(d);
}

template <Dtype kDtype>
HWY_INLINE Value load_vector(const std::byte* stored) {
  const Doubles d;
  const Unsigned32 du32;
  if constexpr (kDtype == Dtype::kF64) return load_bytes(d, stored);
  if constexpr (kDtype == Dtype::kF32) return hn::PromoteTo(d, load_bytes(Floats(), stored));
  if constexpr (kDtype == Dtype::kBF16) {
    const auto bits = hn::ShiftLeft<16>(hn::PromoteTo(du32, load_bytes(Unsigned16(), stored)));
    return hn::PromoteTo(d, hn::BitCast(Floats(), bits));
  }
  if constexpr (kDtype == Dtype::kF16) {
    // Shifted into place, the bits read as the value times 2^-112 (subnormals too); only infinity and NaN do not.
    const auto bits = hn::PromoteTo(du32, load_bytes(Unsigned16(), stored));
    const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(du32, 0x7fffu)));
    const auto scaled = hn::Mul(hn::BitCast(Floats(), magnitude), hn::Set(Floats(), 0x1p112f));
    const auto infinity = hn::Set(Signed32(), 0x7c00 << 13);
    const auto compared = hn::BitCast(Signed32(), magnitude);
    auto wide = hn::BitCast(Signed32(), scaled);
    wide = hn::IfThenElse(hn::Eq(compared, infinity), hn::Set(Signed32(), 0x7f800000), wide);
    wide = hn::IfThenElse(hn::Gt(compared, infinity), hn::Set(Signed32(), 0x7fc00000), wide);
    const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du32, 0x8000u)));
    return hn::PromoteTo(d, hn::BitCast(Floats(), hn::Or(hn::BitCast(du32, wide), sign)));
  }
}

// The bits of a narrow float (bias kBias, kMantissa stored bits), rounded once: by integer arithmetic on the double's
// bits where the result is normal, by adding a power of two whose last bit is the least subnormal where it is not.
template <int kMantissa, int kBias>
HWY_INLINE hn::Vec<Unsigned16> encode(Value values) {
  const Doubles d;
  const Signed64 d64;
  constexpr int kShift = 52 - kMantissa;
  constexpr std::int64_t kInfinity = std::int64_t{2 * kBias + 1} << kMantissa;
  constexpr std::int64_t kRebias = std::int64_t{1023 - kBias} << kMantissa;
  constexpr std::int64_t kLeastNormal = std::int64_t{1024 - kBias} << 52;
  constexpr auto kGrid = std::bit_cast<double>(std::int64_t{1023 + 53 - kBias - kMantissa} << 52);

  const auto magnitude = hn::Abs(values);
  const auto bits = hn::BitCast(d64, magnitude);
  const auto odd = hn::And(hn::ShiftRight<kShift>(bits), hn::Set(d64, 1));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(d64, (std::int64_t{1} << (kShift - 1)) - 1)), odd);
  const auto normal =
      hn::Sub(hn::BitCast(d64, hn::ShiftRight<kShift>(hn::BitCast(Unsigned64(), rounded))), hn::Set(d64, kRebias));
  const auto sign = hn::ShiftLeft<15>(hn::ShiftRight<63>(hn::BitCast(Unsigned64(), values)));
  // Almost always that is all: every lane becomes a normal number.
  const auto plain = hn::And(hn::Gt(bits, hn::Set(d64, kLeastNormal - 1)), hn::Lt(normal, hn::Set(d64, kInfinity)));
  if (hn::AllTrue(d64, plain)) return hn::TruncateTo(Unsigned16(), hn::Or(hn::BitCast(Unsigned64(), normal), sign));
  const auto on_grid = hn::BitCast(d64, hn::Add(magnitude, hn::Set(d, kGrid)));
  const auto subnormal = hn::Sub(on_grid, hn::Set(d64, std::bit_cast<std::int64_t>(kGrid)));
  auto narrow = hn::IfThenElse(hn::Lt(bits, hn::Set(d64, kLeastNormal)), subnormal, normal);
  narrow = hn::Min(narrow, hn::Set(d64, kInfinity));
  const auto nan = hn::RebindMask(d64, hn::IsNaN(values));
  narrow = hn::IfThenElse(nan, hn::Set(d64, kInfinity | std::int64_t{1} << (kMantissa - 1)), narrow);
  return hn::TruncateTo(Unsigned16(), hn::Or(hn::BitCast(Unsigned64(), narrow), sign));
}

template <Dtype kDtype>
HWY_INLINE void store_vector(Value values, std::byte* stored) {
  if constexpr (kDtype == Dtype::kF64) store_bytes(Doubles(), values, stored);
  if constexpr (kDtype == Dtype::kF32) store_bytes(Floats(), hn::DemoteTo(Floats(), values), stored);
  if constexpr (kDtype == Dtype::kBF16) store_bytes(Unsigned16(), encode<7, 127>(values), stored);
  if constexpr (kDtype == Dtype::kF16) store_bytes(Unsigned16(), encode<10, 15>(values), stored);
}

template <Dtype kDtype>
constexpr std::size_t kBytes = kDtype == Dtype::kF64   ? 8
                               : kDtype == Dtype::kF32 ? 4
                                                       : 2;

struct Load {
  const std::byte* stored;
  std::size_t n;
  double* out;
  template <Dtype kDtype>
  void run() const {
    const std::size_t end = whole(n, kLanes);
    for (std::size_t i = 0; i < end; i += kLanes)
      hn::StoreU(load_vector<kDtype>(stored + i * kBytes<kDtype>), Doubles(), out + i);
    reference::load(kDtype, stored + end * kBytes<kDtype>, n - end, out + end);
  }
};

struct LoadDifference {
  const std::byte* stored;
  const double* base;
  std::size_t n;
  double* out;
  template <Dtype kDtype>
  void run() const {
    const Doubles d;
    const std::size_t end = whole(n, kLanes);
    for (std::size_t i = 0; i < end; i += kLanes) {
      const auto values = load_vector<kDtype>(stored + i * kBytes<kDtype>);
      hn::StoreU(hn::Sub(values, hn::LoadU(d, base + i)), d, out + i);
    }
    reference::load_difference(kDtype, stored + end * kBytes<kDtype>, base + end, n - end, out + end);
  }
};

struct Store {
  const double* values;
  std::size_t n;
  std::byte* stored;
  template <Dtype kDtype>
  void run() const {
    const std::size_t end = whole(n, kLanes);
    for (std::size_t i = 0; i < end; i += kLanes)
      store_vector<kDtype>(hn::LoadU(Doubles(), values + i), stored + i * kBytes<kDtype>);
    reference::store(kDtype, values + end, n - end, stored + end * kBytes<kDtype>);
  }
};

template <typename Body>
void run_for(Dtype dtype, const Body& body) {
  WOOTZ_CHECK(is_mergeable(dtype));
  if (dtype == Dtype::kF64) return body.template run<Dtype::kF64>();
  if (dtype == Dtype::kF32) return body.template run<Dtype::kF32>();
  if (dtype == Dtype::kF16) return body.template run<Dtype::kF16>();
  return body.template run<Dtype::kBF16>();
}

void load(Dtype dtype, const std::byte* stored, std::size_t n, double* out) { run_for(dtype, Load{stored, n, out}); }

void load_difference(Dtype dtype, const std::byte* stored, const double* base, std::size_t n, double* out) {
  run_for(dtype, LoadDifference{stored, base, n, out});
}

void store(Dtype dtype, const double* values, std::size_t n, std::byte* stored) {
  run_for(dtype, Store{values, n, stored});
}

}  // namespace
#endif

void fill_storage([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.load = &load;
  table.load_difference = &load_difference;
  table.store = &store;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_storage)
}  // namespace wootz::kernels
#endif
