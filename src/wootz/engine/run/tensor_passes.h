// What the stages of a tensor want to see before they can be applied.
#pragma once

#include "wootz/engine/run/merge_context.h"

namespace wootz {

/// The state a pass built up over one piece.
class PassResult : public UnitResult {
 public:
  std::unique_ptr<PieceState> state;  ///< null when no block of the piece was shown
};

/// Reads one piece of a merged tensor and shows it to `pass`, the pass of stage `stage`, after the stages before it.
/// `total` is the number of elements of the pass's scope.
Result<std::unique_ptr<UnitResult>> show_piece(MergeContext& context, const PlannedTensor& tensor,
                                               const TensorStages& stages, std::size_t stage, const Pass& pass,
                                               std::uint64_t total, std::uint64_t piece, MergeWorker& worker);

/// Prepares a tensor's own stages, one after another: the passes of each, one a phase, then its work on whole matrices,
/// a phase of one unit.
class OwnPasses {
 public:
  /// Prepares the stages before `until`. Everything must outlive it.
  OwnPasses(MergeContext& context, const PlannedTensor& tensor, TensorStages& stages, std::size_t until)
      : context_(context), tensor_(tensor), stages_(stages), until_(until) {}

  /// Moves on to the next phase and returns its number of units, or nothing when none is left.
  Result<std::optional<std::size_t>> next();
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, MergeWorker& worker);
  void merge(std::size_t unit, UnitResult& result);

 private:
  Result<> solve();

  MergeContext& context_;
  const PlannedTensor& tensor_;
  TensorStages& stages_;
  std::size_t until_;
  std::size_t stage_ = 0;
  Pass* pass_ = nullptr;  // null in the phase in which the stage works on whole matrices
};

}  // namespace wootz
