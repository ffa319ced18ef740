#include "wootz/eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "wootz/core/check.h"

namespace wootz {
namespace {

constexpr std::size_t kBins = 15;

struct Bin {
  double n = 0;
  double confidence = 0;  ///< sum
  double correct = 0;
};

struct Row {
  std::size_t predicted = 0;
  double confidence = 0;
  double loss = 0;
  double entropy = 0;
};

// With the log-sum-exp shifted by the largest logit, in double.
Row score_row(std::span<const float> logits, std::size_t label) {
  Row row;
  row.predicted = static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const double largest = logits[row.predicted];
  double sum = 0;
  double weighted = 0;
  for (const float logit : logits) {
    const double shifted = logit - largest;
    const double weight = std::exp(shifted);
    sum += weight;
    if (weight > 0) weighted += weight * shifted;
  }
  row.confidence = 1.0 / sum;
  row.loss = std::log(sum) - (logits[label] - largest);
  row.entropy = std::log(sum) - weighted / sum;
  return row;
}

// Bins are open on the left: (0, 1/15], ..., (14/15, 1].
std::size_t bin_of(double confidence) {
  const double position = std::ceil(confidence * static_cast<double>(kBins)) - 1.0;
  return static_cast<std::size_t>(std::clamp(position, 0.0, static_cast<double>(kBins - 1)));
}

void set_interval(Score& score) {
  constexpr double kZ = 1.959963984540054;  // the normal distribution's 97.5 % quantile
  const auto n = static_cast<double>(score.n);
  const double p = score.accuracy;
  const double denominator = 1.0 + kZ * kZ / n;
  const double centre = (p + kZ * kZ / (2.0 * n)) / denominator;
  const double half = kZ * std::sqrt(p * (1.0 - p) / n + kZ * kZ / (4.0 * n * n)) / denominator;
  score.low = score.correct == 0 ? 0.0 : std::max(0.0, centre - half);
  score.high = score.correct == score.n ? 1.0 : std::min(1.0, centre + half);
}

}  // namespace

Score score(std::span<const float> logits, std::span<const int> labels, std::size_t classes) {
  WOOTZ_CHECK(logits.size() == labels.size() * classes);
  Score total;
  total.n = labels.size();
  total.classes.resize(classes);
  if (labels.empty()) return total;
  std::array<Bin, kBins> bins;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    WOOTZ_CHECK(label < classes);
    const Row row = score_row(logits.subspan(i * classes, classes), label);
    const bool correct = row.predicted == label;
    total.correct += correct ? 1 : 0;
    total.loss += row.loss;
    total.entropy += row.entropy;
    ++total.classes[label].n;
    total.classes[label].correct += correct ? 1 : 0;
    ++total.classes[row.predicted].predicted;
    Bin& bin = bins[bin_of(row.confidence)];
    ++bin.n;
    bin.confidence += row.confidence;
    bin.correct += correct ? 1 : 0;
  }
  const auto n = static_cast<double>(total.n);
  for (const Bin& bin : bins) total.calibration_error += std::abs(bin.correct - bin.confidence) / n;
  total.accuracy = static_cast<double>(total.correct) / n;
  total.loss /= n;
  total.entropy /= n;
  set_interval(total);
  return total;
}

}  // namespace wootz
