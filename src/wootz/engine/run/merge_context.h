// What the jobs of one merge share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "wootz/engine/output/record.h"
#include "wootz/engine/run/block_source.h"
#include "wootz/engine/run/job_runner.h"
#include "wootz/engine/run/tensor_stages.h"

namespace wootz {

struct MergeContext {
  FileSystem& files;
  const MergePlan& plan;
  ModelStages model_stages;
  std::size_t team = 1;      ///< threads that work on one whole matrix together
  bool holds_lanes = false;  ///< see Schedule::holds_lanes
  /// One a merged tensor: kept from sweep to sweep where a stage serves the whole model; else null, and jobs make their
  /// own.
  std::vector<std::unique_ptr<TensorStages>> tensor_stages = {};
  std::atomic<std::uint64_t> bytes_read = 0;
  std::atomic<std::uint64_t> bytes_written = 0;
};

/// Where a job writes its tensor, and what it does when done.
struct TensorSink {
  std::vector<WritableFile*> files;  ///< by output: the shard that holds the tensor; null where it has no place
  std::function<Result<>(const TensorRecord&)> finished;
};

/// Buffers of one worker.
class MergeWorker : public WorkerState {
 public:
  explicit MergeWorker(const Sources& sources) : source(sources) {}

  BlockSource source;
  std::vector<std::vector<std::byte>> stored;  ///< the results of a unit, as stored: by output

  /// The first `bytes` bytes of the buffer of an output.
  std::span<std::byte> buffer(std::size_t output, std::size_t bytes) {
    if (stored.size() <= output) stored.resize(output + 1);
    if (stored[output].size() < bytes) stored[output].resize(bytes);
    return std::span(stored[output]).first(bytes);
  }
};

inline MergeWorker& merge_worker(WorkerState& worker) { return static_cast<MergeWorker&>(worker); }

}  // namespace wootz
