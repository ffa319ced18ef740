// The lanes of a tensor as whole matrices, for the stages that want them so.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "wootz/engine/run/merge_context.h"
#include "wootz/linalg/team.h"
#include "wootz/methods/matrix_stage.h"

namespace wootz {

/// What a stage sees of a tensor's lanes after all stages before it. The values are rounded to float32 once, whether
/// they are held or made again for every look.
class LaneMatrices : public MatrixLanes {
 public:
  /// Everything must outlive it. Requires: the stages before `stage` are prepared.
  LaneMatrices(MergeContext& context, const PlannedTensor& tensor, const TensorStages& stages, std::size_t stage,
               Team& team);

  Result<> read(std::size_t lane, Matrix<float> out) override;
  Result<> sum(Matrix<float> out) override;

 private:
  class Borrowed;
  Result<> read_stored(std::size_t lane, Matrix<float> out);
  Result<> hold();
  /// Calls `use` with every block of the tensor, as the stage sees it; in no order, on all threads of the team.
  Result<> for_each_block(const std::function<void(const Block&)>& use);
  Result<> show_piece_to(const std::function<void(const Block&)>& use, std::uint64_t piece);

  MergeContext& context_;
  const PlannedTensor& tensor_;
  const TensorStages& stages_;
  std::size_t stage_;
  Team& team_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<BlockSource>> idle_;  // guarded by mutex_; at most one a thread is made
  std::vector<OwnedMatrix<float>> held_;            // all lanes, or none
};

}  // namespace wootz
