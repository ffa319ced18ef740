#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/sums.cpp"
#include "hwy/foreach_target.h"
//
#include <algorithm>
#include <limits>

#include "wootz/kernels/lanes.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

// The kSumLanes virtual lanes lie in so many registers.
inline constexpr std::size_t kSumVectors = kSumLanes / kLanes;

void add_absolute(const double* x, std::size_t n, Sum& sum) {
  const Doubles d;
  Value sums[kSumVectors];
  for (std::size_t v = 0; v < kSumVectors; ++v) sums[v] = hn::LoadU(d, &sum.lanes[v * kLanes]);
  const std::size_t end = whole(n, kSumLanes);
  for (std::size_t i = 0; i < end; i += kSumLanes)
    for (std::size_t v = 0; v < kSumVectors; ++v) sums[v] = hn::Add(sums[v], hn::Abs(hn::LoadU(d, x + i + v * kLanes)));
  for (std::size_t v = 0; v < kSumVectors; ++v) hn::StoreU(sums[v], d, &sum.lanes[v * kLanes]);
  reference::add_absolute(x + end, n - end, sum);
}

// The whole triangle of kCount lanes over elements of one register of the virtual lanes. Returns the positions where
// the least product of two lanes is negative: their signs differ there.
template <int kCount>
HWY_INLINE std::size_t gram_fixed(const double* const* x, std::size_t begin, std::size_t end, std::size_t lane,
                                  Sum* gram) {
  const Doubles d;
  const double* lanes[kCount];
  for (int k = 0; k < kCount; ++k) lanes[k] = x[k] + lane;
  Value sums[kCount * (kCount + 1) / 2];
  for (int e = 0; e < kCount * (kCount + 1) / 2; ++e) sums[e] = hn::LoadU(d, &gram[e].lanes[lane]);
  std::size_t conflicts = 0;
  for (std::size_t i = begin; i < end; i += kSumLanes) {
    Value values[kCount];
    for (int k = 0; k < kCount; ++k) values[k] = hn::LoadU(d, lanes[k] + i);
    auto least = hn::Zero(d);
    int entry = 0;
    for (int a = 0; a < kCount; ++a)
      for (int b = a; b < kCount; ++b, ++entry) {
        const auto product = hn::Mul(values[a], values[b]);
        sums[entry] = hn::Add(sums[entry], product);
        if (a != b) least = hn::Min(least, product);
      }
    conflicts += hn::CountTrue(d, hn::Lt(least, hn::Zero(d)));
  }
  for (int e = 0; e < kCount * (kCount + 1) / 2; ++e) hn::StoreU(sums[e], d, &gram[e].lanes[lane]);
  return conflicts;
}

// One lane against kCount others: gram[b] += x * y[b].
template <int kCount>
HWY_INLINE void gram_row(const double* x, const double* const* y, std::size_t begin, std::size_t end, std::size_t lane,
                         Sum* gram) {
  const Doubles d;
  Value sums[kCount];
  for (int b = 0; b < kCount; ++b) sums[b] = hn::LoadU(d, &gram[b].lanes[lane]);
  for (std::size_t i = begin + lane; i < end; i += kSumLanes) {
    const auto values = hn::LoadU(d, x + i);
    for (int b = 0; b < kCount; ++b) sums[b] = hn::Add(sums[b], hn::Mul(values, hn::LoadU(d, y[b] + i)));
  }
  for (int b = 0; b < kCount; ++b) hn::StoreU(sums[b], d, &gram[b].lanes[lane]);
}

void gram_any(std::span<const double* const> x, std::size_t begin, std::size_t end, std::size_t lane, Sum* gram) {
  for (std::size_t a = 0; a < x.size(); ++a) {
    for (std::size_t b = a; b < x.size();) {
      const std::size_t count = std::min<std::size_t>(x.size() - b, 4);
      const double* const* y = &x[b];
      if (count == 4) gram_row<4>(x[a], y, begin, end, lane, gram);
      if (count == 3) gram_row<3>(x[a], y, begin, end, lane, gram);
      if (count == 2) gram_row<2>(x[a], y, begin, end, lane, gram);
      if (count == 1) gram_row<1>(x[a], y, begin, end, lane, gram);
      gram += count;
      b += count;
    }
  }
}

// Positions of [0, end) with lanes of both signs, without the products. Requires: end is a multiple of kLanes.
std::uint64_t sign_conflicts(std::span<const double* const> x, std::size_t end) {
  const Doubles d;
  const auto zero = hn::Zero(d);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < end; i += kLanes) {
    const auto first = hn::LoadU(d, x[0] + i);
    auto positive = hn::Gt(first, zero);
    auto negative = hn::Lt(first, zero);
    for (std::size_t k = 1; k < x.size(); ++k) {
      const auto values = hn::LoadU(d, x[k] + i);
      positive = hn::Or(positive, hn::Gt(values, zero));
      negative = hn::Or(negative, hn::Lt(values, zero));
    }
    count += hn::CountTrue(d, hn::And(positive, negative));
  }
  return count;
}

std::uint64_t add_gram(std::span<const double* const> x, std::size_t n, std::span<Sum> gram) {
  constexpr std::size_t kBlock = 256;  // stays in the first cache while every register of the virtual lanes passes
  const std::size_t whole_end = whole(n, kSumLanes);
  std::uint64_t conflicts = 0;
  for (std::size_t begin = 0; begin < whole_end; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, whole_end);
    for (std::size_t lane = 0; lane < kSumLanes; lane += kLanes) {
      if (x.size() == 2)
        conflicts += gram_fixed<2>(x.data(), begin, end, lane, gram.data());
      else if (x.size() == 3)
        conflicts += gram_fixed<3>(x.data(), begin, end, lane, gram.data());
      else if (x.size() == 4)
        conflicts += gram_fixed<4>(x.data(), begin, end, lane, gram.data());
      else
        gram_any(x, begin, end, lane, gram.data());
    }
  }
  if (x.size() > 4) conflicts = sign_conflicts(x, whole_end);
  const LanesFrom rest(x, whole_end);
  return conflicts + reference::add_gram(rest.span(), n - whole_end, gram);
}

std::uint64_t count_nonfinite(const double* x, std::size_t n) {
  const Doubles d;
  const auto largest = hn::Set(d, std::numeric_limits<double>::max());
  const std::size_t end = whole(n, kLanes);
  std::size_t finite = 0;
  for (std::size_t i = 0; i < end; i += kLanes)
    finite += hn::CountTrue(d, hn::Le(hn::Abs(hn::LoadU(d, x + i)), largest));
  return end - finite + reference::count_nonfinite(x + end, n - end);
}

std::uint64_t count_nonzero(const double* x, std::size_t n) {
  const Doubles d;
  const std::size_t end = whole(n, kLanes);
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < end; i += kLanes) zeros += hn::CountTrue(d, hn::Eq(hn::LoadU(d, x + i), hn::Zero(d)));
  return end - zeros + reference::count_nonzero(x + end, n - end);
}

}  // namespace
#endif

void fill_sums([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.add_absolute = &add_absolute;
  table.add_gram = &add_gram;
  table.count_nonfinite = &count_nonfinite;
  table.count_nonzero = &count_nonzero;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_sums)
}  // namespace wootz::kernels
#endif
