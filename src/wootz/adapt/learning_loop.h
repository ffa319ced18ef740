// The loop of every adaptive method: batches, gradients, sums over processes, the optimizer, and what watches it.
// Torch types.
#pragma once

#include <deque>

#include "wootz/adapt/adapt.h"
#include "wootz/adapt/adapter.h"
#include "wootz/adapt/guard.h"
#include "wootz/adapt/log.h"
#include "wootz/adapt/objective.h"
#include "wootz/adapt/saved_run.h"
#include "wootz/adapt/tasks.h"
#include "wootz/nn/adamw.h"
#include "wootz/nn/process_group.h"

namespace wootz {

/// What the loop works with; everything must outlive it.
struct LoopInputs {
  FileSystem& files;
  const AdaptSettings& settings;
  const AdaptOptions& options;
  const std::vector<AdaptTask>& tasks;
  const std::vector<ObjectiveTask>& objective_tasks;
  const std::vector<OpenTask>& evaluated;  ///< the tasks on labelled data, where the settings want an evaluation
  const ModelInfo& model;
  at::Device device = at::kCPU;
  std::optional<Corruption> corruption;
  Adapter& adapter;
  Guard* guard = nullptr;
  ProcessGroup& group;
  RunDirectory* directory = nullptr;  ///< of the first process
  AdaptLog* log = nullptr;            ///< of the first process
  BadItems& bad;
};

class LearningLoop {
 public:
  explicit LearningLoop(const LoopInputs& inputs);

  /// Goes on from a saved state, all processes from the first one's.
  Result<> restore();
  /// Learns until the last step, a plateau, or the guard's patience; under a guard the best state is put
  /// back. Where there are evaluations, what is kept is evaluated at the end.
  Result<> run();
  /// Adds what the loop knows.
  void report(AdaptReport& report) const;

 private:
  Result<> start_streams();
  Result<> step();
  Result<std::vector<MicroBatch>> next_batches();
  Result<> exchange(const std::vector<at::Tensor>& gradients);
  Result<> note(std::size_t step, double learning_rate, std::vector<TaskSums> sums);
  Result<> look();
  Result<> evaluate(std::size_t step);
  std::size_t kept_step() const;
  Result<> watch();
  bool has_plateaued() const;
  SavedRun saved();

  LoopInputs in_;
  Share share_;
  Objective objective_;
  std::optional<AdamW> optimizer_;
  std::vector<std::unique_ptr<ItemStream>> streams_;
  std::vector<TaskBatch> current_;  ///< what the micro-batches borrow
  std::vector<double> losses_;      ///< of all steps so far
  std::vector<double> seconds_;     ///< of this run's steps
  std::vector<TaskSums> first_;     ///< of the first steps, together
  std::deque<std::vector<TaskSums>> recent_;
  Look look_;  ///< the last one
  std::vector<AdaptEvaluation> evaluations_;
  std::size_t resumed_at_ = 0;
  std::string ended_;
};

/// The learning rate of a step, from 0.
double learning_rate_of(const AdaptSettings& settings, std::size_t step);

}  // namespace wootz
