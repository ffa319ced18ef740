// Looks at checkpoints: tensors, norms, and how the task vectors of several models relate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/engine/output/statistics.h"
#include "wootz/engine/plan/plan.h"
#include "wootz/engine/run/progress.h"

namespace wootz {

struct InspectOptions {
  std::optional<std::string> base;  ///< task vectors are measured from it; none: the models' values are compared
  std::size_t threads = 0;          ///< 0: one a processor
  ProgressCallback progress;
};

struct InspectedTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  bool compared = false;        ///< floating, and of one shape in all models
  TensorStatistics statistics;  ///< when compared
};

struct Inspection {
  std::vector<std::string> models;  ///< the lanes
  std::optional<std::string> base;
  std::vector<InspectedTensor> tensors;  ///< those of the base, or of the first model
  TensorStatistics total;                ///< over all compared tensors
  std::vector<std::string> notes;        ///< tensors that could not be compared, and why
};

Result<Inspection> inspect_models(FileSystem& files, const std::vector<std::string>& models,
                                  const InspectOptions& options);

}  // namespace wootz
