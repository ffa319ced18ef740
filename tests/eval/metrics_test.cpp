#include "wootz/eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace wootz {
namespace {

std::vector<long double> softmax(std::span<const float> logits) {
  long double sum = 0;
  std::vector<long double> p;
  for (const float logit : logits) sum += std::exp(static_cast<long double>(logit));
  for (const float logit : logits) p.push_back(std::exp(static_cast<long double>(logit)) / sum);
  return p;
}

// Written from the definitions, the slow way.
struct Oracle {
  long double accuracy = 0, loss = 0, entropy = 0, calibration_error = 0;

  Oracle(std::span<const float> logits, std::span<const int> labels, std::size_t classes) {
    const auto n = static_cast<long double>(labels.size());
    std::vector<long double> confidences, hits;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto p = softmax(logits.subspan(i * classes, classes));
      std::size_t best = 0;
      for (std::size_t c = 1; c < classes; ++c)
        if (p[c] > p[best]) best = c;
      const bool hit = best == static_cast<std::size_t>(labels[i]);
      accuracy += hit ? 1 / n : 0;
      loss -= std::log(p[static_cast<std::size_t>(labels[i])]) / n;
      for (const long double q : p)
        if (q > 0) entropy -= q * std::log(q) / n;
      confidences.push_back(p[best]);
      hits.push_back(hit ? 1 : 0);
    }
    for (int bin = 0; bin < 15; ++bin) {
      long double count = 0, confidence = 0, correct = 0;
      for (std::size_t i = 0; i < confidences.size(); ++i)
        if (confidences[i] > bin / 15.0L && confidences[i] <= (bin + 1) / 15.0L) {
          count += 1;
          confidence += confidences[i];
          correct += hits[i];
        }
      if (count > 0) calibration_error += count / n * std::abs(correct / count - confidence / count);
    }
  }
};

TEST(Score, AgreesWithTheOracle) {
  std::mt19937 random(1);
  for (const std::size_t classes : {std::size_t{2}, std::size_t{10}, std::size_t{100}}) {
    const std::size_t n = 500;
    std::normal_distribution<float> normal(0.0f, 3.0f);
    std::vector<float> logits(n * classes);
    for (float& logit : logits) logit = normal(random);
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) {
      labels[i] = static_cast<int>(random() % classes);
      if (random() % 2 == 0) logits[i * classes + static_cast<std::size_t>(labels[i])] += 6.0f;
    }
    const Oracle oracle(logits, labels, classes);
    const Score s = score(logits, labels, classes);
    EXPECT_EQ(s.n, n);
    EXPECT_NEAR(s.accuracy, static_cast<double>(oracle.accuracy), 1e-12);
    EXPECT_NEAR(s.loss, static_cast<double>(oracle.loss), 1e-12);
    EXPECT_NEAR(s.entropy, static_cast<double>(oracle.entropy), 1e-12);
    EXPECT_NEAR(s.calibration_error, static_cast<double>(oracle.calibration_error), 1e-12);
    std::size_t n_sum = 0, correct = 0, predicted = 0;
    for (const ClassScore& one : s.classes) {
      n_sum += one.n;
      correct += one.correct;
      predicted += one.predicted;
    }
    EXPECT_EQ(n_sum, n);
    EXPECT_EQ(correct, s.correct);
    EXPECT_EQ(predicted, n);
  }
}

// scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
TEST(Score, WilsonIntervals) {
  const auto interval = [](std::size_t correct, std::size_t n) {
    std::vector<float> logits;
    std::vector<int> labels;
    for (std::size_t i = 0; i < n; ++i) {
      logits.insert(logits.end(), {1.0f, 0.0f});
      labels.push_back(i < correct ? 0 : 1);
    }
    const Score s = score(logits, labels, 2);
    return std::pair(s.low, s.high);
  };
  const auto [low, high] = interval(1403, 1500);
  EXPECT_NEAR(low, 0.9217416784400183, 1e-9);
  EXPECT_NEAR(high, 0.9467009305462772, 1e-9);
  EXPECT_EQ(interval(0, 10).first, 0.0);
  EXPECT_NEAR(interval(0, 10).second, 0.27753279986288926, 1e-9);
  EXPECT_NEAR(interval(10, 10).first, 0.7224672001371109, 1e-9);
  EXPECT_EQ(interval(10, 10).second, 1.0);
}

TEST(Score, TiesGoToTheLowestClass) {
  const std::vector<float> logits = {1, 1, 0, 0, 2, 2};
  const std::vector<int> labels = {0, 2};
  const Score s = score(logits, labels, 3);
  EXPECT_EQ(s.correct, 1u);
  EXPECT_EQ(s.classes[1].predicted, 1u);
}

TEST(Score, LargeLogitsDoNotOverflow) {
  const std::vector<float> logits = {3e38f, -3e38f, -3e38f, 3e38f};
  const std::vector<int> labels = {0, 0};
  const Score s = score(logits, labels, 2);
  EXPECT_EQ(s.entropy, 0.0);
  EXPECT_NEAR(s.loss, 3e38, 1e32);
  EXPECT_EQ(s.calibration_error, 0.5);
}

TEST(Score, OfNothing) {
  const Score s = score({}, {}, 4);
  EXPECT_EQ(s.n, 0u);
  EXPECT_EQ(s.accuracy, 0.0);
  EXPECT_EQ(s.classes.size(), 4u);
}

}  // namespace
}  // namespace wootz
