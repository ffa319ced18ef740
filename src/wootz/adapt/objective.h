// What an adaptation minimizes, item by item, and what it learns of each task's predictions on the way. Torch types.
#pragma once

#include <optional>
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
};

/// log softmax of a part's outputs, [n, C]; differentiable.
at::Tensor log_probabilities(const ObjectiveTask& task, const MicroBatch::Part& part, const at::Tensor& output);

class Objective {
 public:
  /// `batch_size`: what an item's loss is divided by. The tasks must outlive it.
  Objective(const AdaptObjective& settings, const std::vector<ObjectiveTask>& tasks, std::size_t batch_size);

  /// The loss of a micro-batch; adds to the step's sums.
  at::Tensor loss(const MicroBatch& batch, const at::Tensor& output);

  /// All sums of the step as one list, to be added up over processes.
  std::vector<double> gathered() const;
  void scatter(std::span<const double> gathered);

  /// Ends a step: takes its predictions into the running means, and returns its sums.
  std::vector<TaskSums> finish_step();

  /// The running mean predictions q of each task, one after the other, for saving and resuming.
  std::vector<double> marginals() const;
  void set_marginals(std::span<const double> values);
  /// exp(H(q)): how many classes a task's predictions spread over, of C. Near 1: it has collapsed.
  double effective_classes(std::size_t task) const;

 private:
  struct Running {
    std::vector<double> marginal;
    at::Tensor log_marginal;  ///< [C] float32
    TaskSums sums;
  };
  at::Tensor part_loss(std::size_t task, const MicroBatch::Part& part, const at::Tensor& log_p);
  void refresh(Running& task) const;

  AdaptObjective settings_;
  const std::vector<ObjectiveTask>& tasks_;
  double batch_size_;
  std::vector<Running> running_;
};

}  // namespace wootz
