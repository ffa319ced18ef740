// Finds the magnitude key at one position of a scope's descending order: a guess from a sample, then counting passes
// that narrow it down to the exact key.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "wootz/methods/key_sample.h"
#include "wootz/methods/key_store.h"

namespace wootz {

class RankSearch {
 public:
  using Key = kernels::MagnitudeKey;

  /// Up to `capacity` keys are kept at a time.
  explicit RankSearch(std::size_t capacity) : capacity_(capacity) {}

  /// The position sought, of `population` keys. Requires: position < population.
  void seek(std::uint64_t position, std::uint64_t population);

  /// Begins with all keys at hand.
  void solve(const KeyStore& all);
  /// Begins with a sample, which must live until the key is found.
  void start(const KeySample& sample);

  /// The range to count next. Requires: started, not found.
  Key low() const { return low_; }
  Key high() const { return high_; }
  /// One piece's counts; pieces come in order.
  void add(std::size_t tensor, std::uint64_t piece, const kernels::RangeCount& counts, std::span<const Key> inside);
  /// After all pieces: finds the key, or moves on to another range.
  void conclude();

  bool found() const { return found_; }
  Key key() const { return key_; }
  std::uint64_t before() const { return before_; }  ///< elements with a larger key
  std::uint64_t equal() const { return equal_; }    ///< elements with this key
  /// Where the elements with this key are, when the counting happened to tell.
  const std::optional<PieceCounts>& pieces() const { return pieces_; }

 private:
  void count_between(Key low, Key high);
  void finish(Key key, std::uint64_t before, std::uint64_t equal, std::optional<PieceCounts> pieces);
  void conclude_inside(std::uint64_t above);

  std::size_t capacity_;
  std::uint64_t position_ = 0;
  std::uint64_t population_ = 0;
  const KeySample* sample_ = nullptr;
  int widening_ = 0;

  Key low_ = 0;
  Key high_ = kernels::kMaxKey;
  std::uint64_t above_ = 0;
  PieceCounts at_high_;
  PieceCounts at_low_;
  std::unique_ptr<KeyStore> inside_;

  bool found_ = false;
  Key key_ = 0;
  std::uint64_t before_ = 0;
  std::uint64_t equal_ = 0;
  std::optional<PieceCounts> pieces_;
};

}  // namespace wootz
