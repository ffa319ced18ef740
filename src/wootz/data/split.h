// Deterministic held-out splits: the same items on every machine, whatever the order of work.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "wootz/data/dataset.h"

namespace wootz {

/// How validation and adaptation splits are cut from a stored split that the test set has no part in. The items of each
/// class are put in an order by the hash of seed and index; the first go to validation, the next to adaptation, and the
/// rest stay.
struct HeldOut {
  std::string from = "train";  ///< the split they are cut from
  double validation = 0.1;     ///< share of each class
  double adaptation = 0.1;     ///< share of each class
  std::size_t at_most = 5000;  ///< items of each of the two, over all classes
  std::uint64_t seed = 0;
};

enum class Portion { kValidation, kAdaptation, kRest };

/// Indices into a split with these labels, ascending. The three portions are disjoint and make up the whole.
std::vector<std::size_t> held_out_indices(const std::vector<int>& labels, const HeldOut& held_out, Portion portion);

/// A data set of some items of another, in the given order.
std::unique_ptr<Dataset> subset(std::shared_ptr<const Dataset> whole, std::vector<std::size_t> indices);

}  // namespace wootz
