// Internal to eval: features of labelled items, averaged over each class.
#pragma once

#include <vector>

#include "wootz/data/loader.h"
#include "wootz/eval/evaluate.h"
#include "wootz/nn/model.h"

namespace wootz {

struct ClassMeans {
  std::size_t feature_size = 0;
  std::vector<std::vector<double>> mean;  ///< [C][D], of unit features; zeros where nothing was counted
  std::vector<std::size_t> count;         ///< [C]
};

/// Runs the model over the draws. Requires: labels are below `classes`. Fails (kFailed) naming an item whose features
/// have no direction.
Result<ClassMeans> class_means(const Model& model, const Dataset& data, const Encoder& encoder, std::vector<Draw> draws,
                               std::size_t classes, const LoaderOptions& loading, std::size_t skip_bad,
                               const ItemProgress& progress);

double dot(const std::vector<double>& a, const std::vector<double>& b);

/// Scales to unit length; false, and unchanged, when that cannot be done.
bool make_unit(std::vector<double>& values);

}  // namespace wootz
