// The stages of one tensor, in order: its own, and those it shares with the whole model.
#pragma once

#include <memory>
#include <vector>

#include "wootz/engine/plan.h"

namespace wootz {

/// The stage objects that serve the whole model; entry i is null where stage i is made per tensor.
using ModelStages = std::vector<std::unique_ptr<Transform>>;
ModelStages make_model_stages(const MergePlan& plan);

class TensorStages {
 public:
  /// `plan` and `shared` must outlive it.
  TensorStages(const MergePlan& plan, std::size_t merged, const ModelStages& shared);

  std::size_t size() const { return stages_.size(); }
  bool shared(std::size_t stage) const { return owned_[stage] == nullptr && stage + 1 < stages_.size(); }
  Stage& stage(std::size_t stage) { return *stages_[stage]; }
  /// This tensor's number within a stage's scope.
  std::size_t number(std::size_t stage) const { return shared(stage) ? merged_ : 0; }

  /// States for applying stages [0, count) to one piece.
  using States = std::vector<std::unique_ptr<PieceState>>;
  States begin(std::size_t count, std::uint64_t piece) const;
  /// Applies the transforms [0, count), in place.
  void apply(std::size_t count, States& states, const Block& block) const;
  /// Applies the combination. `states` must be of begin(size(), ..).
  void combine(States& states, const Block& block, double* out) const;

  std::vector<Fact> facts() const;

 private:
  std::size_t merged_;
  std::vector<std::unique_ptr<Transform>> owned_;  // null where shared, and for the combination
  std::unique_ptr<Combination> combination_;
  std::vector<Transform*> transforms_;
  std::vector<Stage*> stages_;
};

}  // namespace wootz
