// Fits a plan into a memory budget: how many workers, how many tensors at once. Results do not depend on it.
#pragma once

#include "wootz/engine/plan/plan.h"

namespace wootz {

struct ScheduleOptions {
  std::uint64_t max_memory = std::uint64_t{1} << 30;  ///< bytes, for the whole process
  std::size_t threads = 0;                            ///< 0: one a processor
};

struct Schedule {
  std::size_t workers = 1;
  std::size_t window = 1;           ///< tensors in work at once
  std::uint64_t memory = 0;         ///< estimated peak, bytes
  std::uint64_t worker_memory = 0;  ///< of one worker's buffers
  std::size_t team = 1;             ///< threads that work on one whole matrix together
  bool holds_lanes = false;  ///< a matrix stage keeps the lanes that earlier stages made, instead of making them again
  std::uint64_t bytes_read = 0;  ///< estimated, all passes
  std::uint64_t bytes_written = 0;
  double passes = 1.0;  ///< estimated readings of the inputs, the merge included
};

/// Whether a stage works on whole matrices that stages before it made of the lanes: each look at one lane then takes a
/// reading of all lanes, unless they are held.
bool takes_made_lanes(const PlannedTensor& tensor, std::size_t stage);

/// Adds up what the stages say they need. Fails (kUsage) when even one worker does not fit, naming the tensor that
/// needs the most and what it needs.
Result<Schedule> make_schedule(const MergePlan& plan, const ScheduleOptions& options);

/// "1.5 GiB", "640 B"
std::string format_bytes(std::uint64_t bytes);

}  // namespace wootz
