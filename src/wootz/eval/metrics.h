// What a table of logits says about a classifier.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wootz {

struct ClassScore {
  std::size_t n = 0;
  std::size_t correct = 0;
  std::size_t predicted = 0;  ///< how often it was chosen
};

struct Score {
  std::size_t n = 0;
  std::size_t correct = 0;
  double accuracy = 0;  ///< correct / n, a fraction
  double low = 0;       ///< of the 95 % Wilson interval
  double high = 0;
  double calibration_error = 0;  ///< expected, over 15 equally wide bins of confidence (Guo et al., 2017)
  double loss = 0;               ///< mean cross entropy, nats
  double entropy = 0;            ///< mean entropy of the predictions, nats
  std::vector<ClassScore> classes;
};

/// Ties go to the lowest class. Requires: logits [labels.size(), classes], labels in [0, classes).
Score score(std::span<const float> logits, std::span<const int> labels, std::size_t classes);

}  // namespace wootz
