#include "wootz/engine/tensor_passes.h"

#include "wootz/io/digest.h"
#include "wootz/kernels/kernels.h"

namespace wootz {

bool pipeline_takes_task_vectors(const MergePlan& plan) {
  return plan.stages.size() > 1 || plan.recipe.method->lanes == Lanes::kTaskVectors;
}

Block widen_for_pipeline(const MergePlan& plan, BlockSource& source, const BlockRange& range) {
  return source.widen(range, pipeline_takes_task_vectors(plan));
}

void restore_parameters(const MergePlan& plan, const Block& block) {
  if (plan.recipe.method->lanes != Lanes::kParameters || !pipeline_takes_task_vectors(plan)) return;
  for (double* lane : block.lanes) kernels::add(lane, block.base, block.size);
}

Result<std::unique_ptr<UnitResult>> show_piece(MergeContext& context, const TensorStages& stages, std::size_t merged,
                                               std::size_t stage, const Pass& pass, std::uint64_t total,
                                               std::uint64_t piece, MergeWorker& worker) {
  const MergePlan& plan = context.plan;
  const TensorContext& tensor = plan.contexts[plan.stages[stage].group][merged];
  const PlannedTensor& planned = plan.tensors[plan.merged_tensors[merged]];
  const UnitCut cut = sample_piece(plan.granularity, tensor.size, tensor.row_size, piece, pass.sample_size(), total);
  auto result = std::make_unique<PassResult>();
  if (cut.blocks.empty()) return result;

  const bool sampled = pass.sample_size() < total;
  if (!sampled) WOOTZ_RETURN_IF_ERROR(worker.source.read(planned, cut.first(), cut.end()));
  result->state = pass.begin(stages.number(stage), piece);
  TensorStages::States states = stages.begin(stage, piece);
  for (const BlockRange& range : cut.blocks) {
    if (sampled) WOOTZ_RETURN_IF_ERROR(worker.source.read(planned, range.first, range.first + range.size));
    const Block block = widen_for_pipeline(plan, worker.source, range);
    stages.apply(stage, states, block);
    if (stage + 1 == stages.size()) restore_parameters(plan, block);
    pass.add(*result->state, stages.number(stage), block);
  }
  context.bytes_read += worker.source.take_bytes_read();
  return result;
}

OwnPasses::OwnPasses(MergeContext& context, TensorStages& stages, std::size_t merged, std::size_t until)
    : context_(context), stages_(stages), merged_(merged), until_(until) {}

std::optional<std::size_t> OwnPasses::next() {
  for (; stage_ < until_; ++stage_) {
    if (stages_.shared(stage_)) continue;
    pass_ = stages_.stage(stage_).next_pass();
    if (pass_ != nullptr) return piece_count(context_.plan.tensors[context_.plan.merged_tensors[merged_]].size);
  }
  pass_ = nullptr;
  return std::nullopt;
}

Result<std::unique_ptr<UnitResult>> OwnPasses::run(std::size_t unit, MergeWorker& worker) {
  const std::uint64_t size = context_.plan.tensors[context_.plan.merged_tensors[merged_]].size;
  return show_piece(context_, stages_, merged_, stage_, *pass_, size, unit, worker);
}

void OwnPasses::merge(std::size_t unit, UnitResult& result) {
  auto& shown = static_cast<PassResult&>(result);
  if (shown.state != nullptr) pass_->merge(stages_.number(stage_), unit, *shown.state);
}

}  // namespace wootz
