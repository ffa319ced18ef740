// AdaMerging (arXiv 2310.02575): the coefficients of task arithmetic, learned. Torch types.
#pragma once

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/coefficients.h"
#include "wootz/adapt/task_vectors.h"

namespace wootz {

struct AdapterInputs {
  const MergePlan* plan = nullptr;
  const Network* network = nullptr;
  NetworkOutput output = NetworkOutput::kFeatures;
  at::Device device = at::kCPU;
  Precision precision = Precision::kFloat32;
  std::size_t step_items = 0;  ///< of one process
  std::size_t tokens = 0;      ///< of an item, at most
  std::uint64_t max_memory = 0;
  std::string work_directory;  ///< for files that are needed while learning
  std::size_t threads = 0;
  bool wide = false;  ///< everything in float64, for verification
  ProgressCallback progress;
};

/// `inputs` and what it points to must outlive the adapter.
Result<std::unique_ptr<Adapter>> make_adamerging(FileSystem& files, const AdapterInputs& inputs);

}  // namespace wootz
