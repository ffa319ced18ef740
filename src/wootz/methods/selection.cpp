#include "wootz/methods/selection.h"

#include <algorithm>
#include <bit>

#include "wootz/core/check.h"

namespace wootz {
namespace {

// A scope up to this size is taken in whole.
constexpr std::uint64_t kSmallScope = 1u << 18;
constexpr std::uint64_t kMinSample = 1u << 16;
constexpr std::uint64_t kMaxSample = 1u << 19;
// Keys kept at a time by all searches together (4 bytes each), and by each at least.
constexpr std::size_t kKeptKeys = 1u << 23;
constexpr std::size_t kMinKeptKeys = 1u << 16;

std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

const double* lane_values(const Block& block, std::size_t series, std::vector<double>& /*scratch*/) {
  return block.lanes[series];
}

StageNeeds selection_needs(const TensorContext& tensor, std::size_t series) {
  constexpr std::uint64_t kSampleMemory = std::uint64_t{3} << 20;  // of a series
  constexpr std::uint64_t kMostKeys = kKeptKeys * sizeof(kernels::MagnitudeKey);
  return {.passes = 1, .memory = series * kSampleMemory + std::min(kMostKeys, series * tensor.size / 8)};
}

Selector::Selector(StageScope scope, SelectionRequest request) : request_(std::move(request)) {
  for (const TensorContext& tensor : scope) elements_ += tensor.size;
  series_.resize(request_.series);
}

std::uint64_t Selector::sample_size() const {
  return elements_ <= kSmallScope ? UINT64_MAX : std::clamp(elements_ / 128, kMinSample, kMaxSample);
}

void Selector::aim(std::optional<RankSearch>& search, bool wanted, std::uint64_t position) {
  if (!wanted) return search.reset();
  if (!search) search.emplace(std::max(kMinKeptKeys, kKeptKeys / (2 * series_.size())));
  search->seek(position, elements_);
}

void Selector::seek(std::size_t s, std::uint64_t population) {
  Series& series = series_[s];
  series.keep = request_.keep(s, population);
  const auto [first, last] = series.keep;
  WOOTZ_CHECK(last <= population && (first == 0 || !request_.of_nonzero));
  aim(series.first, first < last && first > 0, first);
  // While the population is an estimate the search goes on even if nothing seems wanted.
  const bool estimated = !population_known_ && last < elements_;
  aim(series.last, (first < last && last < elements_) || estimated, less(last, 1));
}

bool Selector::searching() const {
  const auto open = [](const std::optional<RankSearch>& search) { return search && !search->found(); };
  return std::any_of(series_.begin(), series_.end(), [&](const Series& s) { return open(s.first) || open(s.last); });
}

std::vector<CountPass::Target> Selector::searches() {
  std::vector<CountPass::Target> targets;
  for (std::size_t s = 0; s < series_.size(); ++s)
    for (auto* search : {&series_[s].first, &series_[s].last})
      if (*search && !(*search)->found()) targets.push_back({s, &**search});
  return targets;
}

Pass* Selector::next_pass() {
  if (!begun_) {
    begun_ = true;
    for (std::size_t s = 0; s < series_.size(); ++s) seek(s, elements_);
    if (searching()) {
      sample_pass_ = std::make_unique<SamplePass>(request_.values, series_.size(), sample_size());
      return sample_pass_.get();
    }
  }
  if (sample_pass_) conclude_sample();
  if (count_pass_) conclude_count();
  equal_pass_ = nullptr;
  if (settled_) return nullptr;
  if (searching()) {
    const bool count_nonzero = !population_known_;
    count_pass_ = std::make_unique<CountPass>(request_.values, searches(), count_nonzero);
    return count_pass_.get();
  }
  for (Series& series : series_) settle(series);
  settled_ = true;
  if (auto targets = missing_counts(); !targets.empty())
    equal_pass_ = std::make_unique<EqualPass>(request_.values, std::move(targets));
  return equal_pass_.get();
}

void Selector::conclude_sample() {
  const auto pass = std::move(sample_pass_);
  WOOTZ_CHECK(!pass->whole() || pass->shown() == elements_);
  population_known_ = !request_.of_nonzero || pass->whole();
  for (std::size_t s = 0; s < series_.size(); ++s) {
    Series& series = series_[s];
    if (request_.of_nonzero) {
      const double part =
          static_cast<double>(pass->nonzero(s)) / static_cast<double>(std::max<std::uint64_t>(1, pass->shown()));
      seek(s, pass->whole() ? pass->nonzero(s) : static_cast<std::uint64_t>(part * static_cast<double>(elements_)));
    }
    if (!pass->whole()) series.sample = pass->take_sample(s);
    for (auto* search : {&series.first, &series.last}) {
      if (!*search) continue;
      if (pass->whole())
        (*search)->solve(pass->keys(s));
      else
        (*search)->start(series.sample);
    }
  }
}

void Selector::conclude_count() {
  const auto pass = std::move(count_pass_);
  population_known_ = true;
  if (pass->counts_nonzero())  // series without a search keep all or nothing, whatever their population
    for (std::size_t t = 0; t < pass->targets().size(); ++t) seek(pass->targets()[t].series, pass->nonzero(t));
  for (Series& series : series_)
    for (auto* search : {&series.first, &series.last})
      if (*search && !(*search)->found()) (*search)->conclude();
}

// Makes the window out of the keys found.
void Selector::settle(Series& series) {
  const auto [first, last] = series.keep;
  kernels::Window& window = series.window;
  if (first >= last) {
    window = {.high = 0, .drop_high = 0, .low = 0, .keep_low = 0};
    return;
  }
  window.keep_low = UINT64_MAX;
  if (series.first) {
    window.high = series.first->key();
    window.drop_high = first - series.first->before();
    series.high = {.needed = window.drop_high > 0, .pieces = series.first->pieces()};
  }
  if (series.last) {
    const std::uint64_t equal = series.last->equal();
    window.low = series.last->key();
    // With one key at both edges, what is dropped at the upper is not there to be kept at the lower.
    const bool one_key = series.first && window.high == window.low;
    window.keep_low = last - (one_key ? first : series.last->before());
    const bool partial = (one_key ? window.drop_high : 0) + window.keep_low < equal;
    series.low = {.needed = partial || (one_key && series.high.needed), .pieces = series.last->pieces()};
    if (!series.low.needed) window.keep_low = UINT64_MAX;
  }
  series.first.reset();
  series.last.reset();
  series.sample = {};
}

std::vector<EqualPass::Target> Selector::missing_counts() {
  std::vector<EqualPass::Target> targets;
  const auto want = [&](std::size_t s, Quota& quota, kernels::MagnitudeKey key) {
    if (!quota.needed || quota.pieces) return;
    targets.push_back({s, key, &quota.pieces.emplace()});
  };
  for (std::size_t s = 0; s < series_.size(); ++s) {
    want(s, series_[s].high, series_[s].window.high);
    want(s, series_[s].low, series_[s].window.low);
  }
  return targets;
}

bool Selector::keeps_all(std::size_t s) const {
  const kernels::Window& window = series_[s].window;
  return window.high == kernels::kMaxKey && window.drop_high == 0 && window.low == 0 && window.keep_low == UINT64_MAX;
}

double Selector::lowest_kept(std::size_t s) const {
  return static_cast<double>(std::bit_cast<float>(series_[s].window.low));
}

kernels::Window Selector::window(std::size_t s, std::size_t tensor, std::uint64_t piece) const {
  const Series& series = series_[s];
  kernels::Window window = series.window;
  std::uint64_t dropped = 0;  // of the elements with the high key in earlier pieces
  if (series.high.needed) {
    dropped = std::min(window.drop_high, series.high.pieces->before(tensor, piece));
    window.drop_high -= dropped;
  }
  if (series.low.needed) {
    const std::uint64_t used = series.low.pieces->before(tensor, piece);
    const bool one_key = series.high.needed && series.window.high == series.window.low;
    window.keep_low = less(window.keep_low, one_key ? used - dropped : used);
  }
  return window;
}

}  // namespace wootz
