// The stages of one tensor, in order: its own, and those it shares with the whole model.
#pragma once

#include <memory>
#include <vector>

#include "wootz/engine/plan/plan.h"

namespace wootz {

/// A stage that serves the whole model; empty where the plan's stage is made per tensor.
struct ModelStage {
  std::vector<const TensorContext*> tensors;  ///< its scope: the merged tensors, in order
  std::unique_ptr<Transform> transform;
};

/// One a stage of the plan, which must outlive them.
using ModelStages = std::vector<ModelStage>;
Result<ModelStages> make_model_stages(const MergePlan& plan);

class TensorStages {
 public:
  /// Of a merged tensor. Everything must outlive it.
  static Result<std::unique_ptr<TensorStages>> make(const MergePlan& plan, const PlannedTensor& tensor,
                                                    const ModelStages& shared);

  std::size_t size() const { return stages_.size(); }
  bool shared(std::size_t stage) const { return stages_[stage].shared; }
  Stage& stage(std::size_t stage) { return *stages_[stage].stage; }
  /// Lets a stage work on whole matrices. Requires: its passes and the stages before it are done.
  Result<> solve(std::size_t stage, MatrixLanes& lanes, Team& team);
  bool solved(std::size_t stage) const { return stages_[stage].solved; }
  /// This tensor's number within a stage's scope.
  std::size_t number(std::size_t stage) const { return shared(stage) ? *tensor_.merged : 0; }

  /// States for applying stages [0, count) to one piece.
  using States = std::vector<std::unique_ptr<PieceState>>;
  States begin(std::size_t count, std::uint64_t piece) const;

  /// What stage `count` is to see of a block: the block after the stages [0, count), in place. After the combination
  /// that is one lane, theta - theta_0, in `out` (block.size numbers). `lane` keeps the pointer to it.
  Result<Block> apply(std::size_t count, States& states, const Block& block, double* out, double*& lane) const;

  /// Applies the first `count` of the transforms before the combination, in place.
  Result<> transform(std::size_t count, States& states, const Block& block) const;
  /// What comes after them: writes the merged values to `out`. `states` must be of begin(size(), ..).
  Result<> merge(States& states, const Block& block, double* out) const;

  /// Of the stages that are run. Requires: they are prepared.
  std::vector<Fact> facts() const;

 private:
  void restore_parameters(const Block& block) const;  // gives a combination of parameters its base back
  Result<Block> combine_and_update(std::size_t count, States& states, const Block& block, double* out,
                                   double*& lane) const;

  TensorStages(const MergePlan& plan, const PlannedTensor& tensor) : plan_(plan), tensor_(tensor) {}

  struct Entry {
    Stage* stage = nullptr;
    Transform* transform = nullptr;  // null for the combination
    bool shared = false;
    bool solved = false;
  };
  const MergePlan& plan_;
  const PlannedTensor& tensor_;
  std::vector<const TensorContext*> scopes_;  // by stage: the scope of one that is made for this tensor
  std::vector<std::unique_ptr<Stage>> owned_;
  std::vector<Entry> stages_;
  Combination* combination_ = nullptr;
};

}  // namespace wootz
