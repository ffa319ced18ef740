#include "wootz/engine/run/tensor_passes.h"

#include "wootz/engine/run/lane_matrices.h"
#include "wootz/io/digest.h"

namespace wootz {

Result<std::unique_ptr<UnitResult>> show_piece(MergeContext& context, const PlannedTensor& tensor,
                                               const TensorStages& stages, std::size_t stage, const Pass& pass,
                                               std::uint64_t total, std::uint64_t piece, MergeWorker& worker) {
  const UnitCut cut = sample_piece(tensor.blocks, tensor.size, tensor.row_size, piece, pass.sample_size(), total);
  auto result = std::make_unique<PassResult>();
  if (cut.blocks.empty()) return result;

  const bool sampled = pass.sample_size() < total;
  if (!sampled) WOOTZ_RETURN_IF_ERROR(worker.source.read(tensor, cut.first(), cut.end()));
  result->state = pass.begin(stages.number(stage), piece);
  TensorStages::States states = stages.begin(stage, piece);
  double* lane = nullptr;
  for (const BlockRange& range : cut.blocks) {
    if (sampled) WOOTZ_RETURN_IF_ERROR(worker.source.read(tensor, range.first, range.first + range.size));
    const Block block = worker.source.widen(range, context.plan.takes_task_vectors);
    WOOTZ_TRY(const Block seen, stages.apply(stage, states, block, worker.source.output(), lane));
    WOOTZ_RETURN_IF_ERROR(pass.add(*result->state, stages.number(stage), seen));
  }
  context.bytes_read += worker.source.take_bytes_read();
  return result;
}

Result<std::optional<std::size_t>> OwnPasses::next() {
  for (; stage_ < until_; ++stage_) {
    if (stages_.shared(stage_)) continue;
    WOOTZ_TRY(pass_, stages_.stage(stage_).next_pass());
    if (pass_ != nullptr) return std::optional(piece_count(tensor_.size));
    const bool takes_matrices = tensor_.needs[stage_].granularity == Granularity::kMatrix;
    if (takes_matrices && !stages_.solved(stage_)) return std::optional<std::size_t>(1);
  }
  return std::optional<std::size_t>();
}

Result<std::unique_ptr<UnitResult>> OwnPasses::run(std::size_t unit, MergeWorker& worker) {
  if (pass_ != nullptr) return show_piece(context_, tensor_, stages_, stage_, *pass_, tensor_.size, unit, worker);
  WOOTZ_RETURN_IF_ERROR(solve());
  return std::make_unique<PassResult>();
}

Result<> OwnPasses::solve() {
  Team team(context_.team);
  LaneMatrices lanes(context_, tensor_, stages_, stage_, team);
  return stages_.solve(stage_, lanes, team);
}

void OwnPasses::merge(std::size_t unit, UnitResult& result) {
  auto& shown = static_cast<PassResult&>(result);
  if (shown.state != nullptr) pass_->merge(stages_.number(stage_), unit, *shown.state);
}

}  // namespace wootz
