#include "wootz/engine/tensor_stages.h"

#include "wootz/core/check.h"

namespace wootz {

ModelStages make_model_stages(const MergePlan& plan) {
  ModelStages shared;
  for (const PlannedStage& stage : plan.stages)
    shared.push_back(stage.whole_model ? stage.transform->make(plan.contexts[stage.group]) : nullptr);
  return shared;
}

TensorStages::TensorStages(const MergePlan& plan, std::size_t merged, const ModelStages& shared) : merged_(merged) {
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const PlannedStage& stage = plan.stages[i];
    const StageScope scope = StageScope(plan.contexts[stage.group]).subspan(merged, 1);
    owned_.emplace_back();
    if (stage.transform == nullptr) {
      combination_ = plan.recipe.method->combination->make(scope);
      stages_.push_back(combination_.get());
      continue;
    }
    if (!stage.whole_model) owned_.back() = stage.transform->make(scope);
    transforms_.push_back(stage.whole_model ? shared[i].get() : owned_.back().get());
    stages_.push_back(transforms_.back());
  }
  WOOTZ_CHECK(combination_ != nullptr);
}

TensorStages::States TensorStages::begin(std::size_t count, std::uint64_t piece) const {
  States states;
  for (std::size_t i = 0; i < count; ++i) states.push_back(stages_[i]->begin_piece(number(i), piece));
  return states;
}

void TensorStages::apply(std::size_t count, States& states, const Block& block) const {
  for (std::size_t i = 0; i < count; ++i) transforms_[i]->apply(number(i), states[i].get(), block);
}

void TensorStages::combine(States& states, const Block& block, double* out) const {
  combination_->combine(0, states.back().get(), block, out);
}

std::vector<Fact> TensorStages::facts() const {
  std::vector<Fact> facts;
  for (std::size_t i = 0; i < stages_.size(); ++i)
    for (Fact& fact : stages_[i]->facts(number(i))) facts.push_back(std::move(fact));
  return facts;
}

}  // namespace wootz
