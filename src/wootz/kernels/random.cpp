#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/random.cpp"
#include "hwy/foreach_target.h"
//
#include <algorithm>

#include "wootz/kernels/philox-inl.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

void random_fill(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out) {
  random_words(key, first, n, out);
}

// Part of one group of the random stream.
void keep_part(double* x, std::size_t n, RngKey key, std::uint64_t first, std::uint64_t threshold) {
  std::uint32_t bits[kRandomGroup];
  random_words(key, first, n, bits);
  for (std::size_t i = 0; i < n; ++i)
    if (bits[i] >= threshold) x[i] = 0.0;
}

void random_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double keep_probability) {
  const std::uint64_t threshold = keep_threshold(keep_probability);
  const std::uint64_t to_group = (kRandomGroup - first % kRandomGroup) % kRandomGroup;
  const std::size_t begin = std::min<std::uint64_t>(to_group, n);
  keep_part(x, begin, key, first, threshold);

  const Signed64 d64;
  const auto low_half = hn::Set(d64, 0xffffffffLL);
  const auto thresholds = hn::Set(d64, static_cast<std::int64_t>(threshold));
  const Philox philox(key);
  std::size_t i = begin;
  for (; n - i >= kRandomGroup; i += kRandomGroup) {
    double* const group = x + i;
    philox.group((first + i) / kRandomGroup, [=](std::size_t offset, Words words) HWY_ATTR {
      const Doubles d;
      const auto keep = hn::Lt(hn::And(hn::BitCast(d64, words), low_half), thresholds);
      const auto values = hn::LoadU(d, group + offset);
      hn::StoreU(hn::IfThenElseZero(hn::RebindMask(d, keep), values), d, group + offset);
    });
  }
  keep_part(x + i, n - i, key, first + i, threshold);
}

}  // namespace
#endif

void fill_random([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.random_fill = &random_fill;
  table.random_keep = &random_keep;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_random)
}  // namespace wootz::kernels
#endif
