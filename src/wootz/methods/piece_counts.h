// How many things of a kind each piece holds, for quotas that run over pieces in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace wootz {

class PieceCounts {
 public:
  /// Requires: pieces are added in order.
  void add(std::size_t tensor, std::uint64_t piece, std::uint64_t count) {
    if (count == 0) return;
    entries_.push_back({tensor, piece, total_});
    total_ += count;
  }

  /// The sum over all earlier pieces.
  std::uint64_t before(std::size_t tensor, std::uint64_t piece) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), std::tuple(tensor, piece),
                                     [](const Entry& a, const std::tuple<std::size_t, std::uint64_t>& b) {
                                       return std::tuple(a.tensor, a.piece) < b;
                                     });
    return at == entries_.end() ? total_ : at->before;
  }

  std::uint64_t total() const { return total_; }

 private:
  struct Entry {
    std::size_t tensor;
    std::uint64_t piece;
    std::uint64_t before;
  };
  std::vector<Entry> entries_;
  std::uint64_t total_ = 0;
};

}  // namespace wootz
