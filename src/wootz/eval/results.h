// What an evaluation came to, as data and as JSON.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "wootz/data/corruption.h"
#include "wootz/eval/metrics.h"
#include "wootz/io/file.h"

namespace wootz {

struct TaskResult {
  std::string task;
  std::string split;
  Score score;
  std::vector<std::string> class_names;  ///< may be empty
  std::vector<std::string> skipped;      ///< messages of damaged items that were left out
  std::optional<double> normalized;      ///< accuracy / the expert's
  double seconds = 0;                    ///< that the evaluation took, without loading the model
  double waited = 0;                     ///< seconds of these that the network waited for data
};

/// One model under one condition.
struct ResultRow {
  std::string model;
  std::optional<Corruption> corruption;
  std::vector<TaskResult> tasks;  ///< in the catalogue's order

  /// Mean over the tasks. Requires: there are tasks.
  double average() const;
  /// Nothing unless every task has one.
  std::optional<double> average_normalized() const;
};

struct Results {
  std::string precision;  ///< "float32", "bfloat16"
  std::vector<ResultRow> rows;
};

/// What results_json adds to the figures of every task.
struct ResultsDetail {
  bool per_class = false;
  bool timing = false;
};

/// The text `wootz eval --json` prints; docs/evaluation.md describes it.
std::string results_json(const Results& results, const ResultsDetail& detail);

/// Accuracies to divide by.
class ExpertAccuracies {
 public:
  void set(const std::string& task, const std::optional<Corruption>& corruption, double accuracy);
  std::optional<double> find(const std::string& task, const std::optional<Corruption>& corruption) const;

  /// From an earlier results_json: of each task the accuracy of the model whose path ends in the task's name, or else
  /// the best of all models. Fails (kInput) when the file is no such JSON.
  static Result<ExpertAccuracies> load(FileSystem& files, const std::string& path);

 private:
  using Key = std::tuple<std::string, std::string, int>;  // task, corruption or "", severity
  std::map<Key, double> accuracies_;
};

/// Sets `normalized` wherever the expert's accuracy is known and not zero.
void normalize(Results& results, const ExpertAccuracies& experts);

}  // namespace wootz
