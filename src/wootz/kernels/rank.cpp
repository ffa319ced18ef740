// DELLA's rule without sorting the row. An element only needs its exact rank when its random number falls between the
// least and the greatest keep probability that its rank could give it, so bounds come first and get tighter: the row
// as a whole, the element's bucket of magnitudes, its quarter of the row. Few elements are left to count for.
#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/rank.cpp"
#include "hwy/foreach_target.h"
//
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "wootz/kernels/philox-inl.h"
#include "wootz/kernels/rank_long.h"
#include "wootz/kernels/row_order.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

// How many of values[begin .. end) satisfy `test`. Reads up to a vector beyond the end.
template <typename D, typename Test>
HWY_INLINE std::size_t count_where(D d, const hn::TFromD<D>* values, std::size_t begin, std::size_t end,
                                   const Test& test) {
  std::size_t count = 0;
  for (; end - begin >= hn::Lanes(d); begin += hn::Lanes(d))
    count += hn::CountTrue(d, test(hn::LoadU(d, values + begin)));
  if (begin == end) return count;
  return count + hn::CountTrue(d, hn::And(hn::FirstN(d, end - begin), test(hn::LoadU(d, values + begin))));
}

std::size_t count_equal(const std::uint16_t* slots, std::size_t begin, std::size_t end, std::uint16_t slot) {
  const hn::CappedTag<std::uint16_t, 32> d;
  const auto wanted = hn::Set(d, slot);
  return count_where(d, slots, begin, end, [wanted](auto v) HWY_ATTR { return hn::Eq(v, wanted); });
}

std::size_t count_equal_keys(const MagnitudeKey* keys, std::size_t begin, std::size_t end, MagnitudeKey key) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const auto wanted = hn::Set(d, key);
  return count_where(d, keys, begin, end, [wanted](auto v) HWY_ATTR { return hn::Eq(v, wanted); });
}

std::size_t count_smaller_keys(const MagnitudeKey* keys, std::size_t n, MagnitudeKey key) {
  const hn::CappedTag<std::int32_t, 16> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto bound = hn::Set(d, static_cast<std::int32_t>(key));
  return count_where(du, keys, 0, n,
                     [=](auto v) HWY_ATTR { return hn::RebindMask(du, hn::Lt(hn::BitCast(d, v), bound)); });
}

// The keys of the row, and the greatest.
MagnitudeKey row_keys(const double* x, std::size_t n, MagnitudeKey* keys) {
  const FullKeys d;
  const hn::RebindToUnsigned<FullKeys> du;
  const std::size_t end = whole(n, kKeyLanes);
  auto greatest = hn::Zero(d);
  for (std::size_t i = 0; i < end; i += kKeyLanes) {
    const auto found = load_keys(x + i);
    greatest = hn::Max(greatest, found);
    hn::StoreU(hn::BitCast(du, found), du, keys + i);
  }
  auto result = static_cast<MagnitudeKey>(hn::GetLane(hn::MaxOfLanes(d, greatest)));
  for (std::size_t i = end; i < n; ++i) {
    keys[i] = key_of(x[i]);
    result = std::max(result, keys[i]);
  }
  return result;
}

// The slot of every element (row_order.h). Writes up to a vector beyond the end.
void row_slots(const MagnitudeKey* keys, std::size_t n, const RowOrder& order, std::uint16_t* slots) {
  const FullKeys d;
  const hn::RebindToUnsigned<FullKeys> du;
  const hn::Rebind<std::uint16_t, FullKeys> d16;
  const auto zero = hn::Zero(d);
  const auto one = hn::Set(d, 1);
  const auto base = hn::Set(d, order.base());
  const auto low_bits = hn::Set(d, order.low_bits());
  for (std::size_t i = 0; i < n; i += kKeyLanes) {
    const auto key = hn::BitCast(d, hn::LoadU(du, keys + i));
    const auto bucket = hn::Max(hn::Sub(hn::ShiftRightSame(key, order.shift()), base), one);
    const auto mixed = hn::Or(hn::Ne(hn::And(key, low_bits), zero), hn::Eq(bucket, one));
    const auto slot = hn::Sub(hn::Add(bucket, bucket), hn::VecFromMask(d, mixed));
    const auto narrow = hn::BitCast(du, hn::IfThenZeroElse(hn::Eq(key, zero), slot));
    hn::StoreU(hn::TruncateTo(d16, narrow), d16, slots + i);
  }
}

// For each bucket, 2^32 * the keep probability at its first rank, less RankRule::kSlack, moved to the signed range.
void row_thresholds(const RankRule& rule, const std::uint32_t* starts, std::size_t count, std::int32_t* thresholds) {
  const Doubles d;
  const Signed32 d32;
  const auto offset = hn::Set(d, rule.offset() - RankRule::kSlack - 0x1p31);
  const auto slope = hn::Set(d, rule.slope());
  for (std::size_t b = 0; b < count; b += kLanes) {
    const auto ranks = hn::PromoteTo(d, hn::BitCast(d32, hn::LoadU(Unsigned32(), starts + b)));
    const auto value = hn::Add(hn::Mul(ranks, slope), offset);
    const auto clamped = hn::Max(hn::Min(value, hn::Set(d, 0x1p31 - 1.0)), hn::Set(d, -0x1p31));
    hn::StoreU(hn::DemoteTo(d32, clamped), d32, thresholds + b);
  }
}

// Zeroes the elements that go whatever their rank, and lists those that depend on it. Draws are bits - 2^31; above
// `always_above` an element goes, below `never_below` it stays. Writes up to a vector beyond the list.
std::size_t drop_certain(double* x, std::size_t n, const std::uint32_t* bits, std::int32_t never_below,
                         std::int32_t always_above, std::uint32_t* doubtful) {
  const Doubles d;
  const Signed64 d64;
  const FullKeys d32;
  const hn::RebindToUnsigned<FullKeys> du;
  const auto flip = hn::Set(du, 0x80000000u);
  const auto always = hn::Set(d32, always_above);
  const auto lowest = hn::Set(d32, never_below);
  const std::size_t end = whole(n, kKeyLanes);
  std::size_t count = 0;
  auto index = hn::Iota(du, 0);
  for (std::size_t i = 0; i < end; i += kKeyLanes) {
    const auto draw = hn::BitCast(d32, hn::Xor(hn::LoadU(du, bits + i), flip));
    const auto gone = hn::Gt(draw, always);
    const auto open = hn::RebindMask(du, hn::Not(hn::Or(gone, hn::Lt(draw, lowest))));
    const auto gone_bits = hn::VecFromMask(d32, gone);
    const auto low = hn::BitCast(d, hn::PromoteTo(d64, hn::LowerHalf(Signed32(), gone_bits)));
    const auto high = hn::BitCast(d, hn::PromoteTo(d64, hn::UpperHalf(Signed32(), gone_bits)));
    hn::StoreU(hn::AndNot(low, hn::LoadU(d, x + i)), d, x + i);
    hn::StoreU(hn::AndNot(high, hn::LoadU(d, x + i + kLanes)), d, x + i + kLanes);
    count += append_where(du, index, open, doubtful + count);
    index = hn::Add(index, hn::Set(du, static_cast<std::uint32_t>(kKeyLanes)));
  }
  for (std::size_t i = end; i < n; ++i) {
    const auto draw = static_cast<std::int32_t>(bits[i] ^ 0x80000000u);
    if (draw > always_above)
      x[i] = 0.0;
    else if (draw >= never_below)
      doubtful[count++] = static_cast<std::uint32_t>(i);
  }
  return count;
}

// Exact ranks by counting over the whole row; those of equal keys go on from each other. Asked for too many different
// keys, it sorts instead.
class CountedRanks {
 public:
  CountedRanks(const MagnitudeKey* keys, std::size_t n) : keys_(keys), n_(n) {}

  /// Requires: indices come in ascending order.
  std::uint64_t rank(std::uint32_t index) {
    const MagnitudeKey key = keys_[index];
    Known& known = known_[(key * 0x9E3779B1u) >> 27];
    if (known.key != key || known.rank == kUnknown) {
      if (scans_ == kMaxScans) return sorted_rank(index);
      ++scans_;
      known = {key, 0, count_smaller_keys(keys_, n_, key)};
    }
    known.rank += count_equal_keys(keys_, known.counted, index, key);
    known.counted = index;
    return known.rank;
  }

 private:
  static constexpr std::size_t kUnknown = ~std::size_t{0};
  static constexpr int kMaxScans = 256;
  struct Known {
    MagnitudeKey key = 0;
    std::uint32_t counted = 0;
    std::size_t rank = kUnknown;
  };

  std::uint64_t sorted_rank(std::uint32_t index) {
    if (sorted_.empty()) sorted_ = sort_keys(keys_, n_);
    const std::uint64_t wanted = std::uint64_t{keys_[index]} << 32 | index;
    return static_cast<std::uint64_t>(std::lower_bound(sorted_.begin(), sorted_.end(), wanted) - sorted_.begin());
  }

  const MagnitudeKey* keys_;
  std::size_t n_;
  int scans_ = 0;
  std::array<Known, 32> known_;
  std::vector<std::uint64_t> sorted_;
};

struct Row {
  double* x;
  const std::uint32_t* bits;
  const std::uint16_t* slots;
};

// The elements that their buckets left open: by their quarter where the bucket has one key, else by exact rank.
void drop_open(const Row& row, const RankRule& rule, const RowOrder& order, const std::uint32_t* list,
               std::size_t count, CountedRanks& counted) {
  const double offset = rule.offset();
  const double slope = rule.slope();
  for (std::size_t j = 0; j < count; ++j) {
    const std::uint32_t i = list[j];
    const std::uint16_t slot = row.slots[i];
    std::uint64_t rank = 0;
    if (order.is_uniform(slot)) {
      const RowOrder::Ranks within = order.ranks_in_quarter(i, slot);
      const double draw = row.bits[i];
      if (draw < offset + slope * within.least - RankRule::kSlack) continue;
      if (draw > offset + slope * within.most + RankRule::kSlack) {
        row.x[i] = 0.0;
        continue;
      }
      rank = within.least + count_equal(row.slots, within.quarter_begin, i, slot);
    } else {
      rank = counted.rank(i);
    }
    if (!rule.keeps(row.bits[i], rank)) row.x[i] = 0.0;
  }
}

void short_row(double* x, std::size_t n, RngKey key, std::uint64_t first, const RankRule& rule, RankScratch& scratch) {
  constexpr std::size_t kPadding = 64;  // whole vectors may be read and written beyond the end
  const std::size_t stride = n + kPadding;
  if (scratch.words.size() < 3 * stride) scratch.words.resize(3 * stride);
  if (scratch.slots.size() < stride) scratch.slots.resize(stride);
  MagnitudeKey* const keys = scratch.words.data();
  std::uint32_t* const bits = keys + stride;
  std::uint32_t* const list = bits + stride;
  std::uint16_t* const slots = scratch.slots.data();

  RowOrder order(row_keys(x, n, keys), n);
  row_slots(keys, n, order, slots);
  order.count(slots);
  alignas(64) std::array<std::int32_t, RowOrder::kMaxBuckets + kPadding> thresholds;
  row_thresholds(rule, order.starts(), order.buckets() + 1, thresholds.data());
  random_words(key, first, n, bits);

  // A threshold is low by the slack, so that the other side of the bucket's bounds is high by as much.
  constexpr std::int64_t kWidth = 2 * static_cast<std::int64_t>(RankRule::kSlack) + 1;
  const std::int64_t always_above = std::min(thresholds[order.buckets()] + kWidth, std::int64_t{0x7fffffff});
  std::size_t open = drop_certain(x, n, bits, thresholds[0], static_cast<std::int32_t>(always_above), list);
  open = order.drop_by_bucket(x, bits, slots, thresholds.data(), kWidth, list, open);
  CountedRanks counted(keys, n);
  drop_open({x, bits, slots}, rule, order, list, open, counted);
}

void rank_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double density, double epsilon,
               RankScratch& scratch) {
  const RankRule rule(density, epsilon, n);
  if (n < 64 || !rule.is_plain()) return reference::rank_keep(x, n, key, first, density, epsilon, scratch);
  if (n <= RowOrder::kMaxElements) return short_row(x, n, key, first, rule, scratch);
  const auto words = [](RngKey k, std::uint64_t from, std::size_t count, std::uint32_t* out)
                         HWY_ATTR { random_words(k, from, count, out); };
  const auto keys = [](const double* values, std::size_t count, MagnitudeKey* out)
                        HWY_ATTR { row_keys(values, count, out); };
  rank_keep_long(x, n, key, first, rule, words, keys);
}

}  // namespace
#endif

void fill_rank([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.rank_keep = &rank_keep;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_rank)
}  // namespace wootz::kernels
#endif
