// Runs a planned merge: passes, tensors, side files, manifest, publication.
#pragma once

#include "wootz/engine/output/work_directory.h"
#include "wootz/engine/plan/plan.h"
#include "wootz/engine/run/progress.h"
#include "wootz/engine/run/schedule.h"

namespace wootz {

struct MergeOptions {
  ScheduleOptions schedule;
  Part part;
  bool overwrite = false;  ///< replace an existing output
  bool sync = true;        ///< wait for the device before the output appears
  ProgressCallback progress;
};

struct MergeReport {
  std::size_t merged = 0;        ///< tensors merged in this run
  std::size_t copied = 0;        ///< tensors copied in this run
  std::size_t resumed = 0;       ///< tensors found finished
  bool discarded_other = false;  ///< an unfinished merge of something else was thrown away
  bool complete = false;         ///< the output has appeared (false after one part of several)
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::vector<std::string> warnings;  ///< non-finite values, copied tensors that differ, ...
};

Result<MergeReport> run_merge(FileSystem& files, const MergePlan& plan, const std::string& output,
                              const MergeOptions& options);

}  // namespace wootz
