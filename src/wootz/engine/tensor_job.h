// The work on one output tensor: the passes its stages ask for, then the merge; or a copy.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "wootz/engine/block_source.h"
#include "wootz/engine/job_runner.h"
#include "wootz/engine/record.h"
#include "wootz/engine/tensor_stages.h"

namespace wootz {

/// What the jobs of one run share.
struct MergeContext {
  FileSystem& files;
  const MergePlan& plan;
  ModelStages model_stages;
  /// Kept from sweep to sweep when a stage serves the whole model; else entries stay null and jobs make their own.
  std::vector<std::unique_ptr<TensorStages>> tensor_stages;
  std::atomic<std::uint64_t> bytes_read = 0;
  std::atomic<std::uint64_t> bytes_written = 0;
};

/// Where a job writes its tensor, and what it does when done.
struct TensorSink {
  WritableFile* file = nullptr;
  std::function<Result<>(const TensorRecord&)> finished;
};

/// Buffers of one worker.
class MergeWorker : public WorkerState {
 public:
  explicit MergeWorker(const Sources& sources) : source(sources) {}

  BlockSource source;
  std::vector<std::byte> stored;  ///< result of a unit, as stored
};

/// Passes of the tensor's own stages, up to (not including) stage `until`, without merging.
std::unique_ptr<Job> make_prepare_job(MergeContext& context, std::size_t merged, std::size_t until);

/// One pass of a stage that serves the whole model, over all tensors. Requires: all tensors prepared for it.
std::unique_ptr<Job> make_model_pass_job(MergeContext& context, std::size_t stage, Pass& pass);

/// All remaining passes of the tensor's own stages, the merge, and the record. `tensor` indexes plan.tensors.
std::unique_ptr<Job> make_merge_job(MergeContext& context, std::size_t tensor, TensorSink sink);

/// Copies a tensor that is not merged from the donor, and compares it with the other models'.
std::unique_ptr<Job> make_copy_job(MergeContext& context, std::size_t tensor, TensorSink sink);

}  // namespace wootz
