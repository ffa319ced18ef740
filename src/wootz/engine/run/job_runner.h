// Runs jobs made of phases made of units: units in parallel, their results taken in order. The order of results, and
// so every number computed from them, is the same for any number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "wootz/core/result.h"

namespace wootz {

/// What one unit produced; derived by jobs that need one.
class UnitResult {
 public:
  virtual ~UnitResult() = default;
};

/// Buffers and the like that a job keeps for each worker; made by the caller of run_jobs.
class WorkerState {
 public:
  virtual ~WorkerState() = default;
};

/// A sequence of phases. All phases' units run on any worker, a phase begins when the one before is done.
class Job {
 public:
  virtual ~Job() = default;
  /// Begins the next phase and returns its number of units, or nothing when the job is done. Never concurrent with
  /// another call on this job.
  virtual Result<std::optional<std::size_t>> next_phase() = 0;
  /// Concurrent with other units.
  virtual Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& worker) = 0;
  /// Takes in a unit's result. Called in unit order, never concurrent with another merge of this job.
  virtual Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) = 0;
};

struct JobOptions {
  std::size_t workers = 1;
  /// Jobs begun but not done, so that workers have something to do while a phase of one job drains. Memory grows with
  /// it, results do not change.
  std::size_t window = 1;
};

/// Takes jobs from `next` (nullptr: no more; called serially) and runs them. Returns the first error; then the
/// remaining work is dropped. `make_state` is called once a worker.
Result<> run_jobs(const JobOptions& options, const std::function<std::unique_ptr<Job>()>& next,
                  const std::function<std::unique_ptr<WorkerState>()>& make_state);

}  // namespace wootz
