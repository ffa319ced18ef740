// What an adaptation minimizes, item by item, and what it learns of each task's predictions on the way. Torch types.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wootz/adapt/staged_pass.h"
#include "wootz/nn/network_input.h"
#include "wootz/recipe/adapt_section.h"

namespace wootz {

/// A task, as its predictions see it.
struct ObjectiveTask {
  std::string name;
  std::size_t classes = 0;          ///< C
  std::optional<HeadTensors> head;  ///< on the network's device; none: the network's output are logits
  at::Tensor teacher;               ///< see teacher.h; undefined when not needed
};

/// Sums over the items of a step.
struct TaskSums {
  double items = 0;
  double loss = 0;
  double entropy = 0;              ///< of the predictions, nats
  std::vector<double> prediction;  ///< [C]

  double mean_entropy() const { return items == 0 ? 0.0 : entropy / items; }
  /// Requires: as many classes.
  void add(const TaskSums& more);
};

/// Sums of several tasks as one list, and back. An empty list gives no tasks.
std::vector<double> flat(const std::vector<TaskSums>& sums);
std::vector<TaskSums> unflat(std::span<const double> list, const std::vector<ObjectiveTask>& tasks);

/// The entropy of a distribution that is given up to a factor, nats. exp() of it is how many classes it spreads over;
/// near 1, predictions have collapsed.
double entropy_of(std::span<const double> distribution);

/// Item numbers as the index of a tensor's rows, [n] int64.
at::Tensor item_rows(const std::vector<std::size_t>& items);

/// log softmax of a part's outputs, [n, C]; differentiable.
at::Tensor log_probabilities(const ObjectiveTask& task, const MicroBatch::Part& part, const at::Tensor& output);

class Objective {
 public:
  /// `batch_size`: what an item's loss is divided by. The tasks must outlive it.
  Objective(const AdaptObjective& settings, const std::vector<ObjectiveTask>& tasks, std::size_t batch_size);

  /// The loss of a micro-batch; adds to the step's sums.
  at::Tensor loss(const MicroBatch& batch, const at::Tensor& output);

  /// All sums of the step as one list, to be added up over processes.
  std::vector<double> gathered() const { return flat(sums_); }
  void scatter(std::span<const double> gathered) { sums_ = unflat(gathered, tasks_); }

  /// Ends a step: takes its predictions into the running means, and returns its sums.
  std::vector<TaskSums> finish_step();

  /// The running mean predictions q of each task, one after the other, for saving and resuming.
  std::vector<double> marginals() const;
  void set_marginals(std::span<const double> values);
  /// How many classes a task's running mean prediction spreads over, of C.
  double effective_classes(std::size_t task) const;

 private:
  std::vector<TaskSums> no_sums() const;
  at::Tensor part_loss(const MicroBatch::Part& part, const at::Tensor& log_p);

  AdaptObjective settings_;
  const std::vector<ObjectiveTask>& tasks_;
  double batch_size_;
  std::vector<std::vector<double>> marginals_;
  std::vector<TaskSums> sums_;  ///< of the step
};

}  // namespace wootz
