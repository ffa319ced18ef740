// Exact selection by magnitude over a scope of any size, in bounded memory and few passes: which window of the
// descending order (by float32 magnitude, equal ones by index) every piece keeps.
//
// A small sample brackets the wanted ranks, one counting pass over all elements finds them; only a bracket that missed,
// or more near-equal keys than fit, costs another pass. The answer does not depend on the sample.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/rank_search.h"
#include "wootz/methods/selection_passes.h"
#include "wootz/methods/stage.h"

namespace wootz {

/// Positions [first, last) of the descending order; none where first >= last.
struct KeepRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// What is ordered, and what to keep of it.
struct SelectionRequest {
  SeriesValues values = nullptr;
  std::size_t series = 0;
  /// What to keep of a population of so many elements; last <= population.
  std::function<KeepRange(std::size_t series, std::uint64_t population)> keep;
  /// Whether the population is the nonzero elements (else all). Requires then: first == 0.
  bool of_nonzero = false;
};

/// The lanes themselves are the series.
const double* lane_values(const Block& block, std::size_t series, std::vector<double>& scratch);

/// What a stage with a Selector of so many series needs for a tensor: one counting pass; samples, keys near the wanted
/// ranks, and the counts of equal keys.
StageNeeds selection_needs(const TensorContext& tensor, std::size_t series);

class Selector {
 public:
  Selector(StageScope scope, SelectionRequest request);

  /// As Stage::next_pass; it cannot fail.
  Pass* next_pass();

  /// Whether series s is kept as it is. Requires (all three): all passes done.
  bool keeps_all(std::size_t series) const;
  /// The smallest magnitude of series s that is kept (as float32); 0 when no lower bound was set.
  double lowest_kept(std::size_t series) const;
  /// The window of series s for the blocks of one piece.
  kernels::Window window(std::size_t series, std::size_t tensor, std::uint64_t piece) const;

 private:
  // How a key at the window's edge is shared between pieces: by quota, over the elements that have it.
  struct Quota {
    bool needed = false;
    std::optional<PieceCounts> pieces;
  };
  struct Series {
    KeepRange keep;
    std::optional<RankSearch> first;  // the key at position keep.first, unless that is 0
    std::optional<RankSearch> last;   // the key at position keep.last - 1, unless that is the scope's last
    KeySample sample;
    kernels::Window window;  // of the whole scope
    Quota high;
    Quota low;
  };

  void seek(std::size_t s, std::uint64_t population);
  void aim(std::optional<RankSearch>& search, bool wanted, std::uint64_t position);
  bool searching() const;
  std::vector<CountPass::Target> searches();
  void conclude_sample();
  void conclude_count();
  void settle(Series& series);
  std::vector<EqualPass::Target> missing_counts();
  std::uint64_t sample_size() const;

  SelectionRequest request_;
  std::uint64_t elements_ = 0;
  std::vector<Series> series_;
  bool begun_ = false;
  bool settled_ = false;
  bool population_known_ = true;
  std::unique_ptr<SamplePass> sample_pass_;
  std::unique_ptr<CountPass> count_pass_;
  std::unique_ptr<EqualPass> equal_pass_;
};

}  // namespace wootz
