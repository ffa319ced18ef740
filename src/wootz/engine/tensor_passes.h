// How a unit of a tensor is shown to a stage's pass; shared by the jobs.
#pragma once

#include "wootz/engine/tensor_job.h"

namespace wootz {

/// The state a pass built up over one piece.
class PassResult : public UnitResult {
 public:
  std::unique_ptr<PieceState> state;  ///< null when no block of the piece was shown
};

/// Reads one piece of a merged tensor and shows it to `pass`, the pass of stage `stage`, after the stages before it.
/// `total` is the number of elements of the pass's scope.
Result<std::unique_ptr<UnitResult>> show_piece(MergeContext& context, const TensorStages& stages, std::size_t merged,
                                               std::size_t stage, const Pass& pass, std::uint64_t total,
                                               std::uint64_t piece, MergeWorker& worker);

/// Whether lanes enter the pipeline as task vectors (any transform wants them so).
bool pipeline_takes_task_vectors(const MergePlan& plan);

/// Widens a block as the pipeline's first stage wants it, for a pipeline of this plan.
Block widen_for_pipeline(const MergePlan& plan, BlockSource& source, const BlockRange& range);

/// After the transforms: gives a combination over parameters its base back.
void restore_parameters(const MergePlan& plan, const Block& block);

/// Runs the passes of one tensor's own stages, one a phase.
class OwnPasses {
 public:
  OwnPasses(MergeContext& context, TensorStages& stages, std::size_t merged, std::size_t until);

  /// Moves on to the next pass and returns its number of units, or nothing when no pass is left.
  std::optional<std::size_t> next();
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, MergeWorker& worker);
  void merge(std::size_t unit, UnitResult& result);

 private:
  MergeContext& context_;
  TensorStages& stages_;
  std::size_t merged_;
  std::size_t until_;
  std::size_t stage_ = 0;
  Pass* pass_ = nullptr;
};

}  // namespace wootz
