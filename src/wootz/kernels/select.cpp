#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/select.cpp"
#include "hwy/foreach_target.h"
//
#include <algorithm>

#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

HWY_INLINE hn::Vec<FullKeys> set_key(MagnitudeKey key) { return hn::Set(FullKeys(), static_cast<std::int32_t>(key)); }

void magnitude_keys(const double* x, std::size_t n, MagnitudeKey* keys) {
  const std::size_t end = whole(n, kKeyLanes);
  for (std::size_t i = 0; i < end; i += kKeyLanes)
    hn::StoreU(hn::BitCast(hn::RebindToUnsigned<FullKeys>(), load_keys(x + i)), hn::RebindToUnsigned<FullKeys>(),
               keys + i);
  reference::magnitude_keys(x + end, n - end, keys + end);
}

std::uint64_t count_key(const double* x, std::size_t n, MagnitudeKey key) {
  const auto wanted = set_key(key);
  const std::size_t end = whole(n, kKeyLanes);
  std::size_t count = 0;
  for (std::size_t i = 0; i < end; i += kKeyLanes) count += hn::CountTrue(FullKeys(), hn::Eq(load_keys(x + i), wanted));
  return count + reference::count_key(x + end, n - end, key);
}

void count_range(const double* x, std::size_t n, MagnitudeKey low, MagnitudeKey high, RangeCount& counts,
                 std::vector<MagnitudeKey>& inside) {
  const hn::RebindToUnsigned<FullKeys> du;
  constexpr std::size_t kChunk = 1024;
  MagnitudeKey found[kChunk + kKeyLanes];
  const auto lows = set_key(low);
  const auto highs = set_key(high);
  const std::size_t end = whole(n, kKeyLanes);
  std::size_t above = 0, at_high = 0, at_low = 0;
  for (std::size_t begin = 0; begin < end; begin += kChunk) {
    std::size_t count = 0;
    for (std::size_t i = begin; i < std::min(begin + kChunk, end); i += kKeyLanes) {
      const auto keys = load_keys(x + i);
      const auto within = hn::And(hn::Gt(keys, lows), hn::Lt(keys, highs));
      above += hn::CountTrue(FullKeys(), hn::Gt(keys, highs));
      at_high += hn::CountTrue(FullKeys(), hn::Eq(keys, highs));
      at_low += hn::CountTrue(FullKeys(), hn::Eq(keys, lows));
      if (hn::AllFalse(FullKeys(), within)) continue;
      count += append_where(du, hn::BitCast(du, keys), hn::RebindMask(du, within), found + count);
    }
    inside.insert(inside.end(), found, found + count);
  }
  counts.above += above;
  counts.at_high += at_high;
  if (low != high) counts.at_low += at_low;
  reference::count_range(x + end, n - end, low, high, counts, inside);
}

// The counters cannot run out within this many elements while they are not smaller.
inline constexpr std::size_t kWindowChunk = 256;

// While both counters are zero or large, every value at a bound meets the same fate, and the window is the range
// (above, up_to]; `high_ties` and `low_ties` say whose counter pays.
struct PlainWindow {
  explicit PlainWindow(const Window& window)
      : drops(window.drop_high > 0),
        keeps(window.keep_low > 0),
        above(static_cast<std::int64_t>(window.low) - (keeps ? 1 : 0)),
        up_to(static_cast<std::int64_t>(window.high) - (drops ? 1 : 0)),
        high_ties(drops),
        low_ties(keeps && !(drops && window.low == window.high)) {}

  static bool holds_for(const Window& window) {
    return (window.drop_high == 0 || window.drop_high >= kWindowChunk) &&
           (window.keep_low == 0 || window.keep_low >= kWindowChunk);
  }

  bool drops, keeps;
  std::int64_t above, up_to;
  bool high_ties, low_ties;
};

HWY_INLINE hn::Vec<Signed64> wide_keys(const double* score) {
  return hn::PromoteTo(Signed64(), keys_of(hn::LoadU(Doubles(), score)));
}

template <typename Apply>
void apply_plain(const double* score, std::size_t begin, std::size_t end, Window& window, const Apply& apply) {
  const Signed64 d64;
  const PlainWindow plain(window);
  const auto above = hn::Set(d64, plain.above);
  const auto up_to = hn::Set(d64, plain.up_to);
  const auto high = hn::Set(d64, static_cast<std::int64_t>(window.high));
  const auto low = hn::Set(d64, static_cast<std::int64_t>(window.low));
  std::size_t dropped = 0, kept = 0;
  for (std::size_t i = begin; i < end; i += kLanes) {
    const auto keys = wide_keys(score + i);
    if (plain.high_ties) dropped += hn::CountTrue(d64, hn::Eq(keys, high));
    if (plain.low_ties) kept += hn::CountTrue(d64, hn::Eq(keys, low));
    apply(i, hn::RebindMask(Doubles(), hn::AndNot(hn::Gt(keys, up_to), hn::Gt(keys, above))));
  }
  window.drop_high -= dropped;
  window.keep_low -= kept;
}

// Values at a bound are counted one by one; vectors without any pass whole.
template <typename Apply>
void apply_counting(const double* score, std::size_t begin, std::size_t end, Window& window, const Apply& apply) {
  const Signed64 d64;
  const auto high = hn::Set(d64, static_cast<std::int64_t>(window.high));
  const auto low = hn::Set(d64, static_cast<std::int64_t>(window.low));
  for (std::size_t i = begin; i < end; i += kLanes) {
    const auto keys = wide_keys(score + i);
    auto inside = hn::And(hn::Gt(keys, low), hn::Lt(keys, high));
    if (!hn::AllFalse(d64, hn::Or(hn::Eq(keys, low), hn::Eq(keys, high)))) {
      std::int64_t taken[kLanes];
      for (std::size_t v = 0; v < kLanes; ++v) taken[v] = take_from_window(key_of(score[i + v]), window) ? -1 : 0;
      inside = hn::MaskFromVec(hn::LoadU(d64, taken));
    }
    apply(i, hn::RebindMask(Doubles(), inside));
  }
}

template <typename Apply>
void apply_window(const double* score, std::size_t end, Window& window, const Apply& apply) {
  for (std::size_t begin = 0; begin < end; begin += kWindowChunk) {
    const std::size_t stop = std::min(begin + kWindowChunk, end);
    if (PlainWindow::holds_for(window))
      apply_plain(score, begin, stop, window, apply);
    else
      apply_counting(score, begin, stop, window, apply);
  }
}

struct ApplyToOne {
  double* x;
  HWY_INLINE void operator()(std::size_t i, ValueMask keep) const {
    hn::StoreU(hn::IfThenElseZero(keep, hn::LoadU(Doubles(), x + i)), Doubles(), x + i);
  }
};

struct ApplyToAll {
  std::span<double* const> x;
  HWY_INLINE void operator()(std::size_t i, ValueMask keep) const {
    for (double* lane : x) hn::StoreU(hn::IfThenElseZero(keep, hn::LoadU(Doubles(), lane + i)), Doubles(), lane + i);
  }
};

void keep_window(double* x, std::size_t n, Window& window) {
  const std::size_t end = whole(n, kLanes);
  apply_window(x, end, window, ApplyToOne{x});
  reference::keep_window(x + end, n - end, window);
}

void keep_window_by_score(std::span<double* const> x, const double* score, std::size_t n, Window& window) {
  const std::size_t end = whole(n, kLanes);
  apply_window(score, end, window, ApplyToAll{x});
  for (std::size_t i = end; i < n; ++i) {
    if (take_from_window(key_of(score[i]), window)) continue;
    for (double* lane : x) lane[i] = 0.0;
  }
}

void pack_nonzero(const double* x, std::size_t n, std::uint8_t* bits) {
  const Doubles d;
  const std::size_t end = whole(n, 8);
  for (std::size_t i = 0; i < end; i += 8) {
    unsigned packed = 0;
    for (std::size_t lane = 0; lane < 8; lane += kLanes) {
      std::uint8_t part[8] = {};
      // Not of equal: NaN, which is neither equal nor unequal to Highway, counts as nonzero.
      hn::StoreMaskBits(d, hn::Not(hn::Eq(hn::LoadU(d, x + i + lane), hn::Zero(d))), part);
      packed |= static_cast<unsigned>(part[0]) << lane;
    }
    bits[i / 8] = static_cast<std::uint8_t>(packed);
  }
  reference::pack_nonzero(x + end, n - end, bits + end / 8);
}

void keep_packed(double* x, std::size_t n, const std::uint8_t* bits, double factor) {
  const Doubles d;
  const auto factors = hn::Set(d, factor);
  const std::size_t end = whole(n, 8);
  for (std::size_t i = 0; i < end; i += 8)
    for (std::size_t lane = 0; lane < 8; lane += kLanes) {
      const std::uint8_t part[8] = {static_cast<std::uint8_t>(bits[i / 8] >> lane)};
      const auto kept = hn::LoadMaskBits(d, part);
      hn::StoreU(hn::IfThenElseZero(kept, hn::Mul(hn::LoadU(d, x + i + lane), factors)), d, x + i + lane);
    }
  reference::keep_packed(x + end, n - end, bits + end / 8, factor);
}

}  // namespace
#endif

void fill_select([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.magnitude_keys = &magnitude_keys;
  table.count_key = &count_key;
  table.count_range = &count_range;
  table.keep_window = &keep_window;
  table.keep_window_by_score = &keep_window_by_score;
  table.pack_nonzero = &pack_nonzero;
  table.keep_packed = &keep_packed;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_select)
}  // namespace wootz::kernels
#endif
