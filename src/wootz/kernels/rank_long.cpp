#include "wootz/kernels/rank_long.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace wootz::kernels {
namespace {

constexpr std::size_t kBlock = 1024;
constexpr int kShift = 15;  // a bucket for every value of a key's leading 16 bits

struct Bucket {
  std::uint64_t start = 0;     // first the number of elements, then the first rank
  std::uint64_t next = 0;      // the next rank in order of the elements
  MagnitudeKey key = 0;        // one of its keys
  bool mixed = false;          // whether there are others
  std::size_t open_begin = 0;  // its part of the sorted list of undecided elements
  std::size_t open_end = 0;
};

// An element of a mixed bucket that needs its exact rank.
struct Open {
  MagnitudeKey key;
  std::uint32_t bits;
  std::uint64_t index;
  std::uint64_t before = 0;  // elements of its bucket between the previous open one and this one
};

bool in_order(const Open& a, const Open& b) { return a.key != b.key ? a.key < b.key : a.index < b.index; }

class LongRow {
 public:
  LongRow(double* x, std::size_t n, const RankRule& rule, FillKeys fill_keys)
      : x_(x),
        n_(n),
        rule_(rule),
        fill_keys_(fill_keys),
        buckets_((std::size_t{kMaxKey} >> kShift) + 2),
        gone_(n / 64 + 1) {}

  void count() {
    for_each_key([this](std::size_t, MagnitudeKey key) {
      Bucket& bucket = buckets_[key >> kShift];
      if (bucket.start++ == 0) bucket.key = key;
      bucket.mixed |= bucket.key != key;
    });
    std::uint64_t start = 0;
    for (Bucket& bucket : buckets_) {
      start += std::exchange(bucket.start, start);
      bucket.next = bucket.start;
    }
  }

  void decide(RngKey key, std::uint64_t first, FillRandom fill_random) {
    std::array<std::uint32_t, kBlock> bits;
    for_each_key([&](std::size_t i, MagnitudeKey magnitude) {
      if (i % kBlock == 0) fill_random(key, first + i, std::min(kBlock, n_ - i), bits.data());
      decide_one(i, magnitude, bits[i % kBlock]);
    });
  }

  // Counts, for the undecided elements of each bucket, the bucket's elements that come before them.
  void settle() {
    std::sort(open_.begin(), open_.end(), in_order);
    for (std::size_t j = 0; j < open_.size(); ++j) {
      Bucket& bucket = buckets_[open_[j].key >> kShift];
      if (bucket.open_end == 0) bucket.open_begin = j;
      bucket.open_end = j + 1;
    }
    for_each_key([this](std::size_t i, MagnitudeKey key) {
      const Bucket& bucket = buckets_[key >> kShift];
      const auto begin = open_.begin() + static_cast<std::ptrdiff_t>(bucket.open_begin);
      const auto end = open_.begin() + static_cast<std::ptrdiff_t>(bucket.open_end);
      const auto after = std::upper_bound(begin, end, Open{key, 0, i}, in_order);
      if (after != end) ++after->before;
    });
    for (std::size_t j = 0; j < open_.size(); ++j) {
      Bucket& bucket = buckets_[open_[j].key >> kShift];
      if (j == bucket.open_begin) bucket.next = bucket.start;
      bucket.next += open_[j].before;
      if (!rule_.keeps(open_[j].bits, bucket.next)) drop(open_[j].index);
    }
  }

  void zero_dropped() {
    for (std::size_t i = 0; i < n_; ++i)
      if ((gone_[i / 64] >> (i % 64) & 1u) != 0) x_[i] = 0.0;
  }

 private:
  template <typename Visit>
  void for_each_key(const Visit& visit) const {
    std::array<MagnitudeKey, kBlock> keys;
    for (std::size_t begin = 0; begin < n_; begin += kBlock) {
      const std::size_t count = std::min(kBlock, n_ - begin);
      fill_keys_(x_ + begin, count, keys.data());
      for (std::size_t i = 0; i < count; ++i) visit(begin + i, keys[i]);
    }
  }

  void decide_one(std::size_t i, MagnitudeKey key, std::uint32_t bits) {
    Bucket& bucket = buckets_[key >> kShift];
    const std::uint64_t least = bucket.mixed ? bucket.start : bucket.next++;
    const std::uint64_t most = bucket.mixed ? (&bucket + 1)->start - 1 : least;
    const double draw = bits;
    if (draw < rule_.offset() + rule_.slope() * static_cast<double>(least) - RankRule::kSlack) return;
    if (draw > rule_.offset() + rule_.slope() * static_cast<double>(most) + RankRule::kSlack) return drop(i);
    if (bucket.mixed)
      open_.push_back({key, bits, i});
    else if (!rule_.keeps(bits, least))
      drop(i);
  }

  void drop(std::uint64_t i) { gone_[i / 64] |= std::uint64_t{1} << (i % 64); }

  double* x_;
  std::size_t n_;
  const RankRule& rule_;
  FillKeys fill_keys_;
  std::vector<Bucket> buckets_;
  std::vector<std::uint64_t> gone_;  // bits; x keeps the keys until the end
  std::vector<Open> open_;
};

}  // namespace

void rank_keep_long(double* x, std::size_t n, RngKey key, std::uint64_t first, const RankRule& rule,
                    FillRandom fill_random, FillKeys fill_keys) {
  LongRow row(x, n, rule, fill_keys);
  row.count();
  row.decide(key, first, fill_random);
  row.settle();
  row.zero_dropped();
}

}  // namespace wootz::kernels
