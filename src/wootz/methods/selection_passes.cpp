#include "wootz/methods/selection_passes.h"

#include <span>

namespace wootz {
namespace {

using kernels::MagnitudeKey;

struct SampleState : PieceState {
  struct Series {
    std::vector<MagnitudeKey> keys;
    std::vector<std::size_t> ends;  // of the blocks
    std::uint64_t nonzero = 0;
  };
  explicit SampleState(std::size_t count) : series(count) {}
  std::vector<Series> series;
  std::uint64_t shown = 0;
  std::vector<double> scratch;
};

struct CountState : PieceState {
  struct Target {
    kernels::RangeCount counts;
    std::vector<MagnitudeKey> inside;
    std::uint64_t nonzero = 0;
  };
  explicit CountState(std::size_t count) : targets(count) {}
  std::vector<Target> targets;
  std::vector<double> scratch;
};

struct EqualState : PieceState {
  explicit EqualState(std::size_t count) : counts(count) {}
  std::vector<std::uint64_t> counts;
  std::vector<double> scratch;
};

}  // namespace

SamplePass::SamplePass(SeriesValues values, std::size_t series, std::uint64_t sample_size)
    : values_(std::move(values)), sample_size_(sample_size), nonzero_(series) {
  if (whole())
    keys_.assign(series, KeyStore(0, kernels::kMaxKey, SIZE_MAX));
  else
    samples_.resize(series);
}

std::unique_ptr<PieceState> SamplePass::begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
  return std::make_unique<SampleState>(nonzero_.size());
}

Result<> SamplePass::add(PieceState& state, std::size_t /*tensor*/, const Block& block) const {
  auto& sample = static_cast<SampleState&>(state);
  sample.shown += block.size;
  for (std::size_t s = 0; s < sample.series.size(); ++s) {
    auto& [keys, ends, nonzero] = sample.series[s];
    const double* values = values_(block, s, sample.scratch);
    const std::size_t at = keys.size();
    keys.resize(at + block.size);
    kernels::magnitude_keys(values, block.size, keys.data() + at);
    ends.push_back(keys.size());
    nonzero += kernels::count_nonzero(values, block.size);
  }
  return {};
}

void SamplePass::merge(std::size_t tensor, std::uint64_t piece, PieceState& state) {
  const auto& sample = static_cast<const SampleState&>(state);
  shown_ += sample.shown;
  for (std::size_t s = 0; s < sample.series.size(); ++s) {
    const auto& [keys, ends, nonzero] = sample.series[s];
    nonzero_[s] += nonzero;
    if (whole()) {
      keys_[s].add(tensor, piece, keys);
      continue;
    }
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      samples_[s].add(std::span(keys).subspan(begin, end - begin));
      begin = end;
    }
  }
}

CountPass::CountPass(SeriesValues values, std::vector<Target> targets, bool count_nonzero)
    : values_(std::move(values)),
      targets_(std::move(targets)),
      count_nonzero_(count_nonzero),
      nonzero_(targets_.size()) {}

std::unique_ptr<PieceState> CountPass::begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
  return std::make_unique<CountState>(targets_.size());
}

Result<> CountPass::add(PieceState& state, std::size_t /*tensor*/, const Block& block) const {
  auto& counting = static_cast<CountState&>(state);
  const double* values = nullptr;
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    const auto& [series, search] = targets_[t];
    if (t == 0 || series != targets_[t - 1].series) values = values_(block, series, counting.scratch);
    auto& [counts, inside, nonzero] = counting.targets[t];
    kernels::count_range(values, block.size, search->low(), search->high(), counts, inside);
    if (count_nonzero_) nonzero += kernels::count_nonzero(values, block.size);
  }
  return {};
}

void CountPass::merge(std::size_t tensor, std::uint64_t piece, PieceState& state) {
  const auto& counting = static_cast<const CountState&>(state);
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    const auto& [counts, inside, nonzero] = counting.targets[t];
    targets_[t].search->add(tensor, piece, counts, inside);
    nonzero_[t] += nonzero;
  }
}

std::unique_ptr<PieceState> EqualPass::begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
  return std::make_unique<EqualState>(targets_.size());
}

Result<> EqualPass::add(PieceState& state, std::size_t /*tensor*/, const Block& block) const {
  auto& equal = static_cast<EqualState&>(state);
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    const double* values = values_(block, targets_[t].series, equal.scratch);
    equal.counts[t] += kernels::count_key(values, block.size, targets_[t].key);
  }
  return {};
}

void EqualPass::merge(std::size_t tensor, std::uint64_t piece, PieceState& state) {
  const auto& equal = static_cast<const EqualState&>(state);
  for (std::size_t t = 0; t < targets_.size(); ++t) targets_[t].counts->add(tensor, piece, equal.counts[t]);
}

}  // namespace wootz
