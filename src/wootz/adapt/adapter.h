// What a method of adaptive merging trains, behind one interface: the loop, the guard, saved states and logs know
// nothing else of it. Torch types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wootz/adapt/staged_pass.h"
#include "wootz/engine/run/progress.h"

namespace wootz {

/// A tensor that is learned, as states and messages name it.
struct LearnedValue {
  std::string name;
  at::Tensor value;  ///< float64 or float32 on the CPU, changed in place by the optimizer
};

/// What writing the result needs to know.
struct WriteOptions {
  std::string directory;  ///< to be made; its parent exists
  std::string comment;    ///< how the result came about, for people
  std::size_t threads = 0;
  std::uint64_t max_memory = 0;
  ProgressCallback progress;
};

class Adapter {
 public:
  virtual ~Adapter() = default;

  virtual const std::vector<LearnedValue>& values() const = 0;

  /// The gradients of the summed losses, one a value, float64 on the CPU. Returns the summed loss.
  virtual Result<double> learn(const std::vector<MicroBatch>& batches, const LossFunction& loss,
                               std::vector<at::Tensor>& gradients) = 0;
  /// The network's outputs with the values as they are.
  virtual Result<std::vector<at::Tensor>> run(const std::vector<MicroBatch>& batches) = 0;

  /// What one step and one micro-batch look like.
  virtual const PassPlan& pass() const = 0;

  /// Writes the result as a model directory.
  virtual Result<> write(FileSystem& files, const WriteOptions& options) = 0;
};

}  // namespace wootz
