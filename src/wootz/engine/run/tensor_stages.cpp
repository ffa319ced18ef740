#include "wootz/engine/run/tensor_stages.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/kernels/kernels.h"

namespace wootz {

Result<ModelStages> make_model_stages(const MergePlan& plan) {
  ModelStages shared(plan.stages.size());
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const PlannedStage& stage = plan.stages[i];
    if (!stage.whole_model) continue;
    for (const std::size_t index : plan.merged_tensors)
      shared[i].tensors.push_back(&plan.tensors[index].contexts[stage.group]);
    WOOTZ_TRY(shared[i].transform, stage.transform->make(StageScope(shared[i].tensors)));
  }
  return shared;
}

Result<std::unique_ptr<TensorStages>> TensorStages::make(const MergePlan& plan, const PlannedTensor& tensor,
                                                         const ModelStages& shared) {
  std::unique_ptr<TensorStages> made(new TensorStages(plan, tensor));
  for (const PlannedStage& stage : plan.stages) made->scopes_.push_back(&tensor.contexts[stage.group]);
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const PlannedStage& stage = plan.stages[i];
    const StageScope scope(std::span(made->scopes_).subspan(i, 1));
    if (stage.whole_model) {
      Transform* const transform = shared[i].transform.get();
      made->stages_.push_back({transform, transform, true});
    } else if (stage.transform != nullptr) {
      auto transform = stage.transform->make(scope);
      if (!transform) return tl::unexpected(std::move(transform).error().within(tensor.name));
      made->stages_.push_back({transform->get(), transform->get(), false});
      made->owned_.push_back(*std::move(transform));
    } else {
      auto combination = plan.recipe.method->combination->make(scope);
      if (!combination) return tl::unexpected(std::move(combination).error().within(tensor.name));
      made->combination_ = combination->get();
      made->stages_.push_back({combination->get(), nullptr, false});
      made->owned_.push_back(*std::move(combination));
    }
  }
  WOOTZ_CHECK(made->combination_ != nullptr);
  return made;
}

Result<> TensorStages::solve(std::size_t stage, MatrixLanes& lanes, Team& team) {
  auto result = stages_[stage].stage->solve(lanes, team);
  if (!result) return tl::unexpected(std::move(result).error().within(tensor_.name));
  stages_[stage].solved = true;
  return {};
}

TensorStages::States TensorStages::begin(std::size_t count, std::uint64_t piece) const {
  States states;
  for (std::size_t i = 0; i < count; ++i) states.push_back(stages_[i].stage->begin_piece(number(i), piece));
  return states;
}

Result<> TensorStages::transform(std::size_t count, States& states, const Block& block) const {
  for (std::size_t i = 0; i < count; ++i)
    WOOTZ_RETURN_IF_ERROR(stages_[i].transform->apply(number(i), states[i].get(), block));
  return {};
}

void TensorStages::restore_parameters(const Block& block) const {
  if (plan_.restores_parameters)
    for (double* values : block.lanes) kernels::add(values, block.base, block.size);
}

Result<Block> TensorStages::combine_and_update(std::size_t count, States& states, const Block& block, double* out,
                                               double*& lane) const {
  WOOTZ_RETURN_IF_ERROR(combination_->combine(0, states[plan_.combination].get(), block, out));
  kernels::subtract(out, block.base, block.size);
  lane = out;
  Block update = block;
  update.lanes = std::span(&lane, 1);
  for (std::size_t i = plan_.combination + 1; i < count; ++i)
    WOOTZ_RETURN_IF_ERROR(stages_[i].transform->apply(number(i), states[i].get(), update));
  return update;
}

Result<Block> TensorStages::apply(std::size_t count, States& states, const Block& block, double* out,
                                  double*& lane) const {
  WOOTZ_RETURN_IF_ERROR(transform(std::min(count, plan_.combination), states, block));
  if (count < plan_.combination) return block;
  restore_parameters(block);
  if (count == plan_.combination) return block;
  return combine_and_update(count, states, block, out, lane);
}

Result<> TensorStages::merge(States& states, const Block& block, double* out) const {
  restore_parameters(block);
  if (plan_.combination + 1 == stages_.size())
    return combination_->combine(0, states[plan_.combination].get(), block, out);
  double* lane = nullptr;
  WOOTZ_RETURN_IF_ERROR(combine_and_update(stages_.size(), states, block, out, lane));
  kernels::add(out, block.base, block.size);
  return {};
}

std::vector<Fact> TensorStages::facts() const {
  std::vector<Fact> facts;
  for (std::size_t i = 0; i < plan_.stages_run(); ++i)
    for (Fact& fact : stages_[i].stage->facts(number(i))) facts.push_back(std::move(fact));
  return facts;
}

}  // namespace wootz
