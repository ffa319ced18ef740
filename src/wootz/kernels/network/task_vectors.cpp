#include "wootz/kernels/task_vectors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/network/task_vectors.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/core/check.h"
#include "wootz/kernels/kernels.h"
#include "wootz/kernels/network/activation-inl.h"

// Whether the machine converts F16 (F16C); Highway's own way without loses infinity and NaN.
#undef WOOTZ_KERNELS_HAVE_F16
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
#define WOOTZ_KERNELS_HAVE_F16 1
#else
#define WOOTZ_KERNELS_HAVE_F16 0
#endif

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace {

constexpr std::size_t kMostLanes = hn::MaxLanes(Floats());

// Lanes of one kind are read together, so many at a time: base and gradient are loaded, and sums stored, once for all.
constexpr std::size_t kGroup = 4;

// Elements whose sums are held at a time (16 KB).
constexpr std::size_t kChunk = 4096;
static_assert(kChunk % kMostLanes == 0);

// Elements whose products are summed in float32.
constexpr std::size_t kRun = 1024;
static_assert(kRun % (2 * kMostLanes) == 0);

template <Dtype kDtype>
constexpr std::size_t kBytes = kDtype == Dtype::kF32 ? 4 : 2;

// Stored elements may lie at any byte, so they are moved as bytes.
template <typename D>
HWY_INLINE hn::Vec<D> load_bytes(D d, const std::byte* stored) {
#if HWY_TARGET == HWY_SCALAR
  hn::TFromD<D> value;
  std::memcpy(&value, stored, sizeof value);
  return hn::Set(d, value);
#else
  const hn::Repartition<std::uint8_t, D> d8;
  return hn::BitCast(d, hn::LoadU(d8, reinterpret_cast<const std::uint8_t*>(stored)));
#endif
}

HWY_INLINE Vector load_f16(const std::byte* stored) {
#if WOOTZ_KERNELS_HAVE_F16
  const hn::Rebind<hwy::float16_t, Floats> d16;
  return hn::PromoteTo(Floats(), hn::BitCast(d16, load_bytes(Bits16(), stored)));
#else
  // As in storage.cpp: shifted into place, the bits read as the value times 2^-112 (subnormals too); only infinity and
  // NaN do not, whose exponent becomes the largest.
  const Bits32 d;
  const auto bits = hn::PromoteTo(d, load_bytes(Bits16(), stored));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(d, 0x7FFFU)));
  const auto scaled = hn::BitCast(d, hn::Mul(hn::BitCast(Floats(), magnitude), hn::Set(Floats(), 0x1p112F)));
  const auto largest = hn::Set(d, 0x7C00U << 13);
  const auto special = hn::Eq(hn::And(magnitude, largest), largest);
  const auto wide = hn::Or(scaled, hn::IfThenElseZero(special, hn::Set(d, 0x7F800000U)));
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(d, 0x8000U)));
  return hn::BitCast(Floats(), hn::Or(wide, sign));
#endif
}

template <Dtype kDtype>
HWY_INLINE Vector load_stored(const std::byte* stored) {
  const Bits32 d;
  if constexpr (kDtype == Dtype::kF32) return load_bytes(Floats(), stored);
  if constexpr (kDtype == Dtype::kBF16)
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(d, load_bytes(Bits16(), stored))));
  if constexpr (kDtype == Dtype::kF16) return load_f16(stored);
}

// The last elements of an array, fewer than a vector, as a vector with zeros behind them. So one body does all, and an
// element is computed alike wherever a block ends.
struct Tail {
  float values[kMostLanes] = {};
  Tail(const float* x, std::size_t n) {
    if (x != nullptr) std::memcpy(values, x, n * sizeof(float));
  }
};

// Lanes of one kind.
template <Dtype kDtype, bool kDifference, std::size_t kCount>
struct Lanes {
  const std::byte* values[kCount];

  // tau of lane k at element i; `base` is theta_0 there.
  HWY_INLINE Vector tau(std::size_t k, std::size_t i, [[maybe_unused]] Vector base) const {
    const Vector value = load_stored<kDtype>(values[k] + i * kBytes<kDtype>);
    if constexpr (kDifference) return value;
    if constexpr (!kDifference) return hn::Sub(value, base);
  }
  HWY_INLINE Vector base_at([[maybe_unused]] const float* base, [[maybe_unused]] std::size_t i) const {
    if constexpr (kDifference) return hn::Zero(Floats());
    if constexpr (!kDifference) return load(base + i);
  }
};

template <Dtype kDtype, bool kDifference, std::size_t kCount>
struct LanesTail {
  std::byte bytes[kCount][kMostLanes * kBytes<kDtype>] = {};
  Lanes<kDtype, kDifference, kCount> lanes;
  LanesTail(const Lanes<kDtype, kDifference, kCount>& whole, std::size_t first, std::size_t n) {
    for (std::size_t k = 0; k < kCount; ++k) {
      std::memcpy(bytes[k], whole.values[k] + first * kBytes<kDtype>, n * kBytes<kDtype>);
      lanes.values[k] = bytes[k];
    }
  }
};

// Which lanes go together: their indices.
struct Group {
  std::array<std::size_t, kGroup> members{};
  std::size_t count = 0;
};

// Calls body.run<dtype, is difference, count>(indices) for the lanes that `wanted` says, in order: kGroup at a time
// where so many of a kind follow each other, else one by one.
template <typename Wanted, typename Body>
void for_groups(std::span<const StoredLane> lanes, const Wanted& wanted, const Body& body) {
  const auto run = [&]<Dtype kDtype, bool kDifference>(const Group& group) {
    if (group.count == kGroup) return body.template run<kDtype, kDifference, kGroup>(group.members.data());
    for (std::size_t j = 0; j < group.count; ++j) body.template run<kDtype, kDifference, 1>(group.members.data() + j);
  };
  const auto run_dtype = [&]<Dtype kDtype>(const Group& group) {
    if (lanes[group.members[0]].is_difference)
      run.template operator()<kDtype, true>(group);
    else
      run.template operator()<kDtype, false>(group);
  };
  for (std::size_t k = 0; k < lanes.size();) {
    Group group;
    for (; k < lanes.size() && group.count < kGroup; ++k) {
      if (!wanted(k)) continue;
      const StoredLane& first = lanes[group.count == 0 ? k : group.members[0]];
      if (lanes[k].dtype != first.dtype || lanes[k].is_difference != first.is_difference) break;
      group.members[group.count++] = k;
    }
    if (group.count == 0) break;
    const Dtype dtype = lanes[group.members[0]].dtype;
    WOOTZ_CHECK(dtype == Dtype::kF32 || dtype == Dtype::kF16 || dtype == Dtype::kBF16);
    if (dtype == Dtype::kF32) run_dtype.template operator()<Dtype::kF32>(group);
    if (dtype == Dtype::kF16) run_dtype.template operator()<Dtype::kF16>(group);
    if (dtype == Dtype::kBF16) run_dtype.template operator()<Dtype::kBF16>(group);
  }
}

template <Dtype kDtype, bool kDifference, std::size_t kCount>
Lanes<kDtype, kDifference, kCount> gather(std::span<const StoredLane> lanes, const std::size_t* members,
                                          std::size_t first) {
  Lanes<kDtype, kDifference, kCount> result;
  for (std::size_t j = 0; j < kCount; ++j) result.values[j] = lanes[members[j]].values + first * kBytes<kDtype>;
  return result;
}

// sums[i] += sum_k weights[k] * tau_k[i], n a multiple of the vector.
template <Dtype kDtype, bool kDifference, std::size_t kCount>
HWY_INLINE void add_weighted(const Lanes<kDtype, kDifference, kCount>& lanes, const Vector* weights, const float* base,
                             std::size_t n, float* sums) {
  for (std::size_t i = 0; i < n; i += hn::Lanes(Floats())) {
    const Vector theta_0 = lanes.base_at(base, i);
    Vector sum = load(sums + i);
    for (std::size_t k = 0; k < kCount; ++k) sum = hn::MulAdd(weights[k], lanes.tau(k, i, theta_0), sum);
    store(sum, sums + i);
  }
}

// Adds a group's part to the sums of elements first .. first+n-1. sums has room for whole vectors.
struct AddWeighted {
  std::span<const StoredLane> all;
  std::span<const float> all_weights;
  const float* base;  // at `first`
  std::size_t first;
  std::size_t n;
  float* sums;

  template <Dtype kDtype, bool kDifference, std::size_t kCount>
  HWY_NOINLINE void run(const std::size_t* members) const {
    const auto lanes = gather<kDtype, kDifference, kCount>(all, members, first);
    Vector weights[kCount];
    for (std::size_t j = 0; j < kCount; ++j) weights[j] = hn::Set(Floats(), all_weights[members[j]]);
    const std::size_t rest = n % hn::Lanes(Floats()), whole = n - rest;
    add_weighted(lanes, weights, base, whole, sums);
    if (rest == 0) return;
    const Tail base_tail(base + whole, rest);
    const LanesTail<kDtype, kDifference, kCount> tail(lanes, whole, rest);
    add_weighted(tail.lanes, weights, base_tail.values, hn::Lanes(Floats()), sums + whole);
  }
};

template <typename T>
void merge(const float* base, std::span<const StoredLane> lanes, std::span<const float> weights, T* out,
           std::size_t n) {
  HWY_ALIGN float sums[kChunk];
  for (std::size_t first = 0; first < n; first += kChunk) {
    const std::size_t count = std::min(kChunk, n - first);
    std::fill(sums, sums + kChunk, 0.0F);
    for_groups(
        lanes, [&](std::size_t k) { return weights[k] != 0.0F; },
        AddWeighted{lanes, weights, base + first, first, count, sums});
    for_vectors(
        count, [&](std::size_t i) { store(hn::Add(load(base + first + i), load(sums + i)), out + first + i); },
        [&](std::size_t i) { store_one(base[first + i] + sums[i], out + first + i); });
  }
}

void merge_any(const float* base, std::span<const StoredLane> lanes, std::span<const float> weights, Activation storage,
               void* out, std::size_t n) {
  WOOTZ_CHECK(weights.size() == lanes.size());
  if (storage == Activation::kFloat32)
    merge(base, lanes, weights, static_cast<float*>(out), n);
  else
    merge(base, lanes, weights, static_cast<BFloat16*>(out), n);
}

HWY_INLINE double sum_of(Vector x) {
  float values[kMostLanes];
  store(x, values);
  double sum = 0;
  for (std::size_t i = 0; i < hn::Lanes(Floats()); ++i) sum += values[i];
  return sum;
}

// totals[k] += <gradient, tau_k>, n a multiple of the vector. Two sums a lane, or additions would wait for each other.
template <Dtype kDtype, bool kDifference, std::size_t kCount>
HWY_INLINE void add_products(const Lanes<kDtype, kDifference, kCount>& lanes, const float* gradient, const float* base,
                             std::size_t n, double* totals) {
  const std::size_t step = hn::Lanes(Floats());
  for (std::size_t start = 0; start < n; start += kRun) {
    const std::size_t end = std::min(n, start + kRun);
    Vector even[kCount], odd[kCount];
    for (std::size_t k = 0; k < kCount; ++k) even[k] = odd[k] = hn::Zero(Floats());
    const auto add = [&](Vector* sums, std::size_t i) HWY_ATTR {
      const Vector theta_0 = lanes.base_at(base, i), slope = load(gradient + i);
      for (std::size_t k = 0; k < kCount; ++k) sums[k] = hn::MulAdd(slope, lanes.tau(k, i, theta_0), sums[k]);
    };
    std::size_t i = start;
    for (; i + 2 * step <= end; i += 2 * step) {
      add(even, i);
      add(odd, i + step);
    }
    if (i < end) add(even, i);
    for (std::size_t k = 0; k < kCount; ++k) totals[k] += sum_of(even[k]) + sum_of(odd[k]);
  }
}

struct AddProducts {
  std::span<const StoredLane> all;
  const float* gradient;
  const float* base;
  std::size_t n;
  std::span<double> products;

  template <Dtype kDtype, bool kDifference, std::size_t kCount>
  HWY_NOINLINE void run(const std::size_t* members) const {
    const auto lanes = gather<kDtype, kDifference, kCount>(all, members, 0);
    double totals[kCount] = {};
    const std::size_t rest = n % hn::Lanes(Floats()), whole = n - rest;
    add_products(lanes, gradient, base, whole, totals);
    if (rest > 0) {
      const Tail gradient_tail(gradient + whole, rest), base_tail(base == nullptr ? nullptr : base + whole, rest);
      const LanesTail<kDtype, kDifference, kCount> tail(lanes, whole, rest);
      add_products(tail.lanes, gradient_tail.values, base_tail.values, hn::Lanes(Floats()), totals);
    }
    for (std::size_t j = 0; j < kCount; ++j) products[members[j]] += totals[j];
  }
};

void products_any(const float* gradient, const float* base, std::span<const StoredLane> lanes, std::size_t n,
                  std::span<double> products) {
  WOOTZ_CHECK(products.size() == lanes.size());
  for_groups(
      lanes, [](std::size_t) { return true; }, AddProducts{lanes, gradient, base, n, products});
}

template <Dtype kDtype>
void widen_from(const std::byte* stored, std::size_t n, float* out) {
  const std::size_t rest = n % hn::Lanes(Floats()), whole = n - rest;
  for (std::size_t i = 0; i < whole; i += hn::Lanes(Floats()))
    store(load_stored<kDtype>(stored + i * kBytes<kDtype>), out + i);
  if (rest == 0) return;
  const LanesTail<kDtype, true, 1> tail({{stored}}, whole, rest);
  float last[kMostLanes];
  store(load_stored<kDtype>(tail.bytes[0]), last);
  std::copy_n(last, rest, out + whole);
}

void widen_any(Dtype dtype, const std::byte* stored, std::size_t n, float* out) {
  WOOTZ_CHECK(is_mergeable(dtype));
  if (dtype == Dtype::kF32) return widen_from<Dtype::kF32>(stored, n, out);
  if (dtype == Dtype::kF16) return widen_from<Dtype::kF16>(stored, n, out);
  if (dtype == Dtype::kBF16) return widen_from<Dtype::kBF16>(stored, n, out);
  for (std::size_t i = 0; i < n; ++i) {
    double value;
    std::memcpy(&value, stored + i * sizeof value, sizeof value);
    out[i] = static_cast<float>(value);
  }
}

}  // namespace
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {

HWY_EXPORT(merge_any);
HWY_EXPORT(products_any);
HWY_EXPORT(widen_any);

void merge_stored(const float* base, std::span<const StoredLane> lanes, std::span<const float> weights,
                  Activation storage, void* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(merge_any)(base, lanes, weights, storage, out, n);
}

void stored_products(const float* gradient, const float* base, std::span<const StoredLane> lanes, std::size_t n,
                     std::span<double> products) {
  HWY_DYNAMIC_DISPATCH(products_any)(gradient, base, lanes, n, products);
}

void widen(Dtype dtype, const std::byte* stored, std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(widen_any)(dtype, stored, n, out);
}

namespace {

// Elements widened to double at a time.
constexpr std::size_t kWideChunk = 1024;
using WideChunk = std::array<double, kWideChunk>;

// tau of elements first .. first+n-1.
void load_tau(const StoredLane& lane, const double* base, std::size_t first, std::size_t n, double* tau) {
  const std::byte* stored = lane.values + first * item_size(lane.dtype);
  if (lane.is_difference)
    load(lane.dtype, stored, n, tau);
  else
    load_difference(lane.dtype, stored, base + first, n, tau);
}

}  // namespace

void merge_stored(const double* base, std::span<const StoredLane> lanes, std::span<const double> weights, double* out,
                  std::size_t n) {
  WOOTZ_CHECK(weights.size() == lanes.size());
  WideChunk tau, sums;
  for (std::size_t first = 0; first < n; first += kWideChunk) {
    const std::size_t count = std::min(kWideChunk, n - first);
    sums.fill(0.0);
    for (std::size_t k = 0; k < lanes.size(); ++k) {
      if (weights[k] == 0.0) continue;
      load_tau(lanes[k], base, first, count, tau.data());
      for (std::size_t i = 0; i < count; ++i) sums[i] += weights[k] * tau[i];
    }
    for (std::size_t i = 0; i < count; ++i) out[first + i] = base[first + i] + sums[i];
  }
}

void stored_products(const double* gradient, const double* base, std::span<const StoredLane> lanes, std::size_t n,
                     std::span<double> products) {
  WOOTZ_CHECK(products.size() == lanes.size());
  WideChunk tau;
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    double total = 0;
    for (std::size_t first = 0; first < n; first += kWideChunk) {
      const std::size_t count = std::min(kWideChunk, n - first);
      load_tau(lanes[k], base, first, count, tau.data());
      for (std::size_t i = 0; i < count; ++i) total += gradient[first + i] * tau[i];
    }
    products[k] += total;
  }
}

}  // namespace wootz::kernels
#endif
