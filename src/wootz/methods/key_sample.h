// A sample of magnitude keys, and the key range it predicts for a position of the whole population's order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wootz/kernels/kernels.h"

namespace wootz {

class KeySample {
 public:
  using Key = kernels::MagnitudeKey;

  /// Adds keys of neighbouring elements (a cluster: they tend to be alike).
  void add(std::span<const Key> keys);

  std::uint64_t size() const { return keys_.size(); }

  /// low <= high; low is 0, or high kMaxKey, where the sample does not reach.
  struct Bracket {
    Key low;
    Key high;
  };
  /// A range that very likely holds the key at `fraction` (0: the largest) of the descending order. Every step of
  /// `widening` makes the margin eight times wider. A guess: the caller counts and finds out.
  Bracket bracket(double fraction, int widening) const;

 private:
  double standard_error(Key at) const;

  std::vector<Key> keys_;
  std::vector<std::size_t> ends_;  // of the clusters
};

}  // namespace wootz
