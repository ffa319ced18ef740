#include "wootz/methods/key_sample.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace wootz {
namespace {

// Standard errors on either side, and a share of the population for what a sample cannot know of itself.
constexpr double kErrors = 5.0;
constexpr double kSlack = 0.001;
// With fewer clusters than this the spread between them says nothing.
constexpr std::size_t kMinClusters = 8;
constexpr double kWidestError = 0.01;

}  // namespace

void KeySample::add(std::span<const Key> keys) {
  if (keys.empty()) return;
  keys_.insert(keys_.end(), keys.begin(), keys.end());
  ends_.push_back(keys_.size());
}

// Of the share of keys above `at`: neighbours are alike, so whole clusters count as the independent draws.
double KeySample::standard_error(Key at) const {
  if (ends_.size() < kMinClusters) return kWidestError;
  const auto above = static_cast<double>(std::count_if(keys_.begin(), keys_.end(), [&](Key key) { return key > at; }));
  const auto size = static_cast<double>(keys_.size());
  const double share = above / size;
  double squares = 0.0;
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    double hits = 0.0;
    for (std::size_t i = begin; i < end; ++i) hits += keys_[i] > at ? 1.0 : 0.0;
    const double excess = hits - share * static_cast<double>(end - begin);
    squares += excess * excess;
    begin = end;
  }
  return std::max(std::sqrt(squares) / size, std::sqrt(share * (1.0 - share) / size));
}

KeySample::Bracket KeySample::bracket(double fraction, int widening) const {
  Bracket bracket{0, kernels::kMaxKey};
  const auto size = static_cast<std::ptrdiff_t>(keys_.size());
  if (size == 0) return bracket;
  std::vector<Key> order = keys_;
  const auto select = [&](std::ptrdiff_t begin, std::ptrdiff_t at, std::ptrdiff_t end) {
    std::nth_element(order.begin() + begin, order.begin() + at, order.begin() + end, std::greater<>());
    return order[static_cast<std::size_t>(at)];
  };
  const auto middle =
      std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(fraction * static_cast<double>(size)), 0, size - 1);
  const Key guess = select(0, middle, size);
  const double share = std::min(1.0, (kErrors * standard_error(guess) + kSlack) * std::pow(8.0, widening));
  const auto margin = static_cast<std::ptrdiff_t>(share * static_cast<double>(size)) + 4;
  if (middle - margin >= 0) bracket.high = select(0, middle - margin, middle + 1);
  if (middle + margin < size) bracket.low = select(middle, middle + margin, size);
  return bracket;
}

}  // namespace wootz
