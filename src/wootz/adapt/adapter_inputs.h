// What adapters are made of. Torch types.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "wootz/adapt/adapter.h"
#include "wootz/engine/plan/plan.h"
#include "wootz/engine/run/progress.h"

namespace wootz {

struct AdapterInputs {
  const MergePlan* plan = nullptr;
  const Network* network = nullptr;
  NetworkOutput output = NetworkOutput::kFeatures;
  at::Device device = at::kCPU;
  bool vectors_on_device = false;  ///< merge and take inner products there, where its memory has room for the vectors
  Precision precision = Precision::kFloat32;
  std::size_t step_items = 0;  ///< of one process
  std::size_t tokens = 0;      ///< of an item, at most
  std::uint64_t max_memory = 0;
  std::string work_directory;  ///< for files that are needed while learning
  std::size_t threads = 0;
  bool wide = false;  ///< everything in float64, for verification
  ProgressCallback progress;

  /// PassSize::activations: operations composed of torch's keep more than our kernels do.
  double activations() const { return device.is_cpu() ? 1.0 : 1.5; }
};

/// The adapter of the plan's method. `inputs` and what it points to must outlive it.
Result<std::unique_ptr<Adapter>> make_adapter(FileSystem& files, const AdapterInputs& inputs);

}  // namespace wootz
