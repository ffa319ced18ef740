// The looks at the data that a Selector takes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "wootz/methods/rank_search.h"
#include "wootz/methods/stage.h"

namespace wootz {

/// The values of series s in a block; may use the scratch, whose size is free.
using SeriesValues = std::function<const double*(const Block& block, std::size_t series, std::vector<double>& scratch)>;

/// Gathers the keys of a sample, or of everything.
class SamplePass : public Pass {
 public:
  /// sample_size UINT64_MAX: everything.
  SamplePass(SeriesValues values, std::size_t series, std::uint64_t sample_size);

  std::uint64_t sample_size() const override { return sample_size_; }
  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override;
  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override;
  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override;

  bool whole() const { return sample_size_ == UINT64_MAX; }
  /// Elements seen, and the nonzero ones of a series among them.
  std::uint64_t shown() const { return shown_; }
  std::uint64_t nonzero(std::size_t series) const { return nonzero_[series]; }
  /// All keys of a series. Requires: whole().
  const KeyStore& keys(std::size_t series) const { return keys_[series]; }
  /// Requires: not whole().
  KeySample take_sample(std::size_t series) { return std::move(samples_[series]); }

 private:
  SeriesValues values_;
  std::uint64_t sample_size_;
  std::uint64_t shown_ = 0;
  std::vector<std::uint64_t> nonzero_;
  std::vector<KeyStore> keys_;
  std::vector<KeySample> samples_;
};

/// Counts against the ranges of some searches.
class CountPass : public Pass {
 public:
  struct Target {
    std::size_t series;
    RankSearch* search;
  };
  CountPass(SeriesValues values, std::vector<Target> targets, bool count_nonzero);

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override;
  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override;
  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override;

  const std::vector<Target>& targets() const { return targets_; }
  bool counts_nonzero() const { return count_nonzero_; }
  /// Of the series of target t. Requires: counts_nonzero().
  std::uint64_t nonzero(std::size_t t) const { return nonzero_[t]; }

 private:
  SeriesValues values_;
  std::vector<Target> targets_;  // by series
  bool count_nonzero_;
  std::vector<std::uint64_t> nonzero_;
};

/// Counts the elements with a key, piece by piece.
class EqualPass : public Pass {
 public:
  struct Target {
    std::size_t series;
    kernels::MagnitudeKey key;
    PieceCounts* counts;
  };
  EqualPass(SeriesValues values, std::vector<Target> targets)
      : values_(std::move(values)), targets_(std::move(targets)) {}

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override;
  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override;
  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override;

 private:
  SeriesValues values_;
  std::vector<Target> targets_;
};

}  // namespace wootz
