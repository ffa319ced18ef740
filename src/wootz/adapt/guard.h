// Watches unlabeled items of every task while a merge learns: entropy can fall because a task's predictions collapse
// into few classes. What tells harm from gain without labels is how often the model agrees with the task's teacher.
// Torch types.
#pragma once

#include <optional>
#include <vector>

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/objective.h"
#include "wootz/adapt/tasks.h"

namespace wootz {

/// What a look at the watched items shows, of T tasks: T shares on which the model's class is the teacher's, then T
/// spreads, the entropy of the mean prediction as a share of log C.
using Look = std::vector<double>;

/// What the guard knows, for saving and resuming.
struct GuardState {
  Look start;  ///< before the first step
  Look best;   ///< at the best state so far
  std::size_t best_step = 0;
  std::size_t looks_since = 0;     ///< without a better one
  std::vector<at::Tensor> values;  ///< the best state's
};

class Guard {
 public:
  /// `watched[t]`: some items of task t, encoded. Needs the tasks' teachers on them.
  Guard(const AdaptGuard& settings, const std::vector<ObjectiveTask>& tasks, std::vector<TaskBatch> watched,
        at::Device device)
      : settings_(settings), tasks_(tasks), watched_(std::move(watched)), device_(device) {}

  /// Whether to look after so many steps.
  bool is_due(std::size_t step) const { return step % settings_.every == 0; }

  Result<Look> look(Adapter& adapter) const;

  /// Judges a state by what a look shows of it, and remembers the best that harms no task: of those in which no task
  /// agrees less, or spreads over fewer classes, than at the start, the one that agrees most.
  void judge(const Look& look, std::size_t step, const Adapter& adapter);

  /// Whether nothing better has come for as many looks as the settings allow.
  bool is_exhausted() const { return state.looks_since >= settings_.patience; }

  /// Puts the best state's values back.
  void restore_best(const Adapter& adapter) const;

  GuardState state;

 private:
  AdaptGuard settings_;
  const std::vector<ObjectiveTask>& tasks_;
  std::vector<TaskBatch> watched_;
  at::Device device_;
};

/// The watched items of a task: the first of a shuffle of its data.
std::vector<std::size_t> watched_items(const AdaptSettings& settings, std::size_t items);

}  // namespace wootz
