// Adapts a merge to data: learns what a method of adaptive merging learns, and writes the merged model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wootz/engine/plan/plan.h"

namespace wootz {

class ProcessGroup;

struct AdaptProgress {
  std::string phase;  ///< "learning", "asking the experts", "merging"
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string unit;  ///< what is counted, "" for bytes: "items", "steps", "modules"
  double loss = 0;   ///< of the last step, while learning
};

struct AdaptOptions {
  std::string device = "cpu";
  std::size_t threads = 0;   ///< of the network; 0: one a processor
  std::size_t skip_bad = 0;  ///< damaged items tolerated
  /// Bytes of the process; on a GPU, of the GPU's memory. 0: 2.5 GiB, or four fifths of what the GPU has free.
  std::uint64_t max_memory = 0;
  bool overwrite = false;  ///< replace an existing output
  std::function<void(const AdaptProgress&)> progress;
};

/// What became of a task, seen without labels.
struct AdaptTaskReport {
  std::string name;
  std::string expert;  ///< as the recipe names it
  std::size_t classes = 0;
  double first_entropy = 0;  ///< mean over the first steps' items, nats
  double last_entropy = 0;
  double first_spread = 0;  ///< how many classes the predictions spread over, exp of the mean prediction's entropy
  double last_spread = 0;
  /// Shares of watched items that get their teacher's class: at the start and at the end. Only under a guard.
  std::optional<double> first_agreement, last_agreement;

  /// Whether the predictions have drawn together into few classes: entropy that fell for a bad reason.
  bool has_collapsed() const { return last_spread < 0.5 * first_spread; }
};

/// Accuracy on labelled data, for the report alone.
struct AdaptEvaluation {
  std::size_t step = 0;          ///< of the state
  std::vector<double> accuracy;  ///< of each task
  double average = 0;
};

struct AdaptReport {
  std::size_t steps = 0;  ///< done, of earlier runs too
  std::size_t resumed_at = 0;
  std::size_t kept_step = 0;     ///< of the state that was written
  std::string ended;             ///< why before the last step; "" otherwise
  bool discarded_other = false;  ///< an unfinished run of something else was thrown away
  double first_loss = 0;         ///< mean of the first tenth of the steps
  double last_loss = 0;          ///< mean of the last tenth
  double seconds = 0;            ///< of this run's steps
  double seconds_per_step = 0;   ///< the median
  double waited = 0;             ///< seconds that the network waited for data
  std::size_t segments = 1;      ///< the network was run in so many parts
  std::size_t micro_batch = 0;   ///< items at once
  std::size_t learned = 0;       ///< numbers
  std::vector<AdaptTaskReport> tasks;
  std::vector<AdaptEvaluation> evaluations;  ///< by step, of earlier runs too
  std::vector<std::string> skipped;          ///< messages of damaged items
};

/// Learns as the recipe says and writes a model directory to `output`, which appears whole, at the end. What is
/// unfinished lies in OUTPUT.wootz-partial; a further run of the same recipe on the same models and data goes on from
/// the last saved state. In a group of processes each does its share of every batch, and the first one writes.
/// Requires: the plan has no errors, and its recipe's method learns from data.
Result<AdaptReport> adapt(FileSystem& files, MergePlan plan, const std::string& output, const AdaptOptions& options,
                          ProcessGroup& group);

}  // namespace wootz
