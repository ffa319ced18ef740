// The log of an adaptation: a line of JSON for every step, look and evaluation.
#pragma once

#include <string>
#include <vector>

#include "wootz/adapt/adapt.h"
#include "wootz/adapt/objective.h"

namespace wootz {

/// wootz-adapt.jsonl. Lines hold nothing that differs from run to run, such as times.
class AdaptLog {
 public:
  /// `path` is written to step by step.
  AdaptLog(FileSystem& files, std::string path, const std::vector<ObjectiveTask>& tasks)
      : files_(files), path_(std::move(path)), tasks_(tasks) {}

  /// Keeps the lines of the first `steps` steps of an earlier run (0: begins anew); returns their evaluations.
  Result<std::vector<AdaptEvaluation>> start(std::size_t steps);

  /// {"step": 1, "loss": 3.2, "learning_rate": 0.001, "entropy": {"mnist": 0.4}, "classes": {"mnist": 9.1}}, where
  /// classes is the number that the task's predictions spread over.
  Result<> step(std::size_t step, double loss, double learning_rate, const std::vector<TaskSums>& sums,
                const Objective& objective);
  /// {"step": 25, "agreement": {"mnist": 0.97}, "spread": {"mnist": 0.99}}: of the watched items; see guard.h.
  Result<> look(std::size_t step, const std::vector<double>& look);
  /// {"step": 100, "accuracy": {"mnist": 0.95}, "average": 0.74}; with "kept": 75 behind the step where what was
  /// evaluated is the state of an earlier step.
  Result<> evaluation(std::size_t step, const AdaptEvaluation& evaluation);

  const std::string& path() const { return path_; }

 private:
  FileSystem& files_;
  std::string path_;
  const std::vector<ObjectiveTask>& tasks_;
};

}  // namespace wootz
