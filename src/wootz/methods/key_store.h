// Magnitude keys gathered piece by piece in bounded memory: kept one by one while they are few, counted in bins after.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/piece_counts.h"

namespace wootz {

class KeyStore {
 public:
  using Key = kernels::MagnitudeKey;

  /// For keys in [lowest, highest]; keeps up to `capacity` of them (4 bytes each).
  KeyStore(Key lowest, Key highest, std::size_t capacity);

  /// Requires: pieces are added in order.
  void add(std::size_t tensor, std::uint64_t piece, std::span<const Key> keys);

  std::uint64_t size() const { return size_; }

  /// Where a position of the descending order lies.
  struct Place {
    Key lowest;  ///< the key is in [lowest, highest]
    Key highest;
    std::uint64_t before;  ///< keys above `highest`
    std::uint64_t within;  ///< keys in [lowest, highest]
  };
  /// Requires: position < size(). An exact key (lowest == highest) unless the keys had to be binned more coarsely.
  Place find(std::uint64_t position) const;

  /// The pieces that hold a key, or nothing when keys were binned.
  std::optional<PieceCounts> pieces_with(Key key) const;

 private:
  void spill();
  void count(std::span<const Key> keys);
  Place find_kept(std::uint64_t position) const;
  Place find_binned(std::uint64_t position) const;

  struct Mark {
    std::size_t tensor;
    std::uint64_t piece;
    std::size_t end;  ///< of the piece's keys
  };
  Key lowest_;
  Key highest_;
  int shift_ = 0;  // a bin is 2^shift_ keys
  std::size_t capacity_;
  std::uint64_t size_ = 0;
  std::vector<Key> keys_;
  std::vector<Mark> marks_;
  std::vector<std::uint64_t> bins_;  // empty while keys are kept
};

}  // namespace wootz
