// What an adaptation must save to go on exactly where it was. Torch types.
#pragma once

#include <vector>

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/guard.h"
#include "wootz/engine/output/run_directory.h"
#include "wootz/nn/adamw.h"
#include "wootz/nn/process_group.h"

namespace wootz {

/// References to the parts of a run.
struct SavedRun {
  const std::vector<LearnedValue>& values;
  AdamW& optimizer;
  GuardState* guard = nullptr;  ///< none: there is no guard
  std::vector<double>& losses;  ///< of the steps so far; their number is the state's step
  std::vector<double> sums;     ///< what the objective has summed up: running means, and the first steps
};

Result<> save_run(RunDirectory& directory, const SavedRun& run);

/// Fills the parts; false, and nothing changed, where nothing is saved.
Result<bool> restore_run(RunDirectory& directory, SavedRun& run);

/// Gives every process the first one's state. All must have the same parts.
Result<> share_run(ProcessGroup& group, SavedRun& run);

}  // namespace wootz
