// Where the elements of a row stand by magnitude, up to buckets: the scalar half of rank_keep.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wootz/kernels/kernels.h"

namespace wootz::kernels {

/// Counts a row's elements by bucket of magnitude and quarter of the row.
///
/// Buckets are the leading bits of the key, counted down from the greatest; bucket 0 holds the zeros alone and bucket 1
/// everything too small for its own. An element's slot is twice its bucket, plus one if its key has bits below the
/// bucket's: a bucket without such elements holds one key only, which is the rule for the heavy ties of task vectors
/// between 16-bit models, and then ranks within it follow from the order of the elements.
class RowOrder {
 public:
  static constexpr std::size_t kMaxElements = 0xffff;  // counts have 16 bits
  static constexpr std::size_t kMaxBuckets = 1024;     // 16 octaves

  RowOrder(MagnitudeKey greatest, std::size_t n)
      : n_(n),
        quarter_(n / 4),
        buckets_(n <= 4096 ? kMaxBuckets / 2 : kMaxBuckets),
        shift_(n <= 4096 ? 18 : 17),
        base_(static_cast<std::int32_t>(greatest >> shift_) - static_cast<std::int32_t>(buckets_ - 1)) {}

  std::size_t buckets() const { return buckets_; }
  int shift() const { return shift_; }
  /// bucket = max(1, (key >> shift) - base), or 0 for key 0.
  std::int32_t base() const { return base_; }
  std::int32_t low_bits() const { return (1 << shift_) - 1; }

  void count(const std::uint16_t* slots);

  /// The first rank of each bucket; starts()[buckets()] == n.
  const std::uint32_t* starts() const { return starts_.data(); }

  /// Decides the listed elements by the bounds of their bucket, zeroing those that go. Draws are bits - 2^31: below
  /// thresholds[b] an element of bucket b stays, above thresholds[b + 1] + width it goes. Leaves the list of those
  /// between and returns its length.
  std::size_t drop_by_bucket(double* x, const std::uint32_t* bits, const std::uint16_t* slots,
                             const std::int32_t* thresholds, std::int64_t width, std::uint32_t* list,
                             std::size_t count) const;

  /// Whether all elements of the slot's bucket have the same key.
  bool is_uniform(std::uint16_t slot) const { return cells(slot | 1u) == 0; }

  /// The ranks that the elements of a uniform bucket have in the quarter of element i.
  struct Ranks {
    std::uint32_t least;
    std::uint32_t most;
    std::size_t quarter_begin;
  };
  Ranks ranks_in_quarter(std::uint32_t i, std::uint16_t slot) const;

 private:
  /// A slot's counts in the four quarters, 16 bits each.
  std::uint64_t cells(std::size_t slot) const;

  std::size_t n_;
  std::size_t quarter_;
  std::size_t buckets_;
  int shift_;
  std::int32_t base_;
  alignas(64) std::array<std::uint16_t, 2 * kMaxBuckets * 4> cells_;
  alignas(64) std::array<std::uint32_t, kMaxBuckets + 64> starts_;
};

/// key << 32 | index of every element, ascending.
std::vector<std::uint64_t> sort_keys(const MagnitudeKey* keys, std::size_t n);

}  // namespace wootz::kernels
