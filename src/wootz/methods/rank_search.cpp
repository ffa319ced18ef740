#include "wootz/methods/rank_search.h"

#include <algorithm>

#include "wootz/core/check.h"

namespace wootz {

void RankSearch::seek(std::uint64_t position, std::uint64_t population) {
  WOOTZ_CHECK(position < population);
  position_ = position;
  population_ = population;
}

void RankSearch::solve(const KeyStore& all) {
  const KeyStore::Place place = all.find(position_);
  WOOTZ_CHECK(place.lowest == place.highest);
  finish(place.lowest, place.before, place.within, all.pieces_with(place.lowest));
}

void RankSearch::start(const KeySample& sample) {
  sample_ = &sample;
  const auto [low, high] = sample.bracket(static_cast<double>(position_) / static_cast<double>(population_), widening_);
  count_between(low, high);
}

void RankSearch::count_between(Key low, Key high) {
  low_ = low;
  high_ = high;
  above_ = 0;
  at_high_ = {};
  at_low_ = {};
  inside_ = std::make_unique<KeyStore>(low + 1, std::max(high, low + 2) - 1, capacity_);
}

void RankSearch::add(std::size_t tensor, std::uint64_t piece, const kernels::RangeCount& counts,
                     std::span<const Key> inside) {
  above_ += counts.above;
  at_high_.add(tensor, piece, counts.at_high);
  at_low_.add(tensor, piece, counts.at_low);
  inside_->add(tensor, piece, inside);
}

void RankSearch::conclude() {
  const std::uint64_t at_inside = above_ + at_high_.total();
  const std::uint64_t at_low = at_inside + inside_->size();
  if (position_ < above_) {  // the guess was too low; what is known bounds the next from below
    const auto next = sample_->bracket(static_cast<double>(position_) / static_cast<double>(population_), ++widening_);
    return count_between(high_, next.high > high_ ? next.high : kernels::kMaxKey);
  }
  if (position_ < at_inside) return finish(high_, above_, at_high_.total(), std::move(at_high_));
  if (position_ < at_low) return conclude_inside(at_inside);
  if (position_ < at_low + at_low_.total()) return finish(low_, at_low, at_low_.total(), std::move(at_low_));
  const auto next = sample_->bracket(static_cast<double>(position_) / static_cast<double>(population_), ++widening_);
  count_between(next.low < low_ ? next.low : 0, low_);
}

void RankSearch::conclude_inside(std::uint64_t above) {
  const KeyStore::Place place = inside_->find(position_ - above);
  if (place.lowest != place.highest) return count_between(place.lowest - 1, place.highest + 1);
  finish(place.lowest, above + place.before, place.within, inside_->pieces_with(place.lowest));
}

void RankSearch::finish(Key key, std::uint64_t before, std::uint64_t equal, std::optional<PieceCounts> pieces) {
  found_ = true;
  key_ = key;
  before_ = before;
  equal_ = equal;
  pieces_ = std::move(pieces);
  inside_ = nullptr;
  at_high_ = {};
  at_low_ = {};
  sample_ = nullptr;
}

}  // namespace wootz
