#include "wootz/engine/run/schedule.h"

#include <algorithm>
#include <array>
#include <thread>

#include "wootz/engine/run/block_source.h"

namespace wootz {
namespace {

// The program itself: code, libraries, headers of a few thousand tensors, thread stacks in use.
constexpr std::uint64_t kProcessMemory = std::uint64_t{24} << 20;

std::uint64_t metadata_memory(const MergePlan& plan) {
  // Names, shapes, offsets and parameters of each tensor in each model, about.
  return plan.tensors.size() * (1 + plan.sources.models.size()) * 512;
}

// What the stages that serve the whole model hold, for as long as the merge runs.
std::uint64_t shared_memory(const MergePlan& plan) {
  std::uint64_t memory = 0;
  for (std::size_t stage = 0; stage < plan.stages_run(); ++stage) {
    if (!plan.stages[stage].whole_model) continue;
    std::uint64_t most = 0;
    for (const std::size_t index : plan.merged_tensors) most = std::max(most, plan.tensors[index].needs[stage].memory);
    memory += most;
  }
  // Before such a stage looks at the model, what matrix stages before it found is held for all tensors.
  std::size_t last = plan.stages_run();
  while (last > 0 && !plan.stages[last - 1].whole_model) --last;
  for (const std::size_t index : plan.merged_tensors)
    for (std::size_t stage = 0; stage < last; ++stage)
      if (plan.tensors[index].needs[stage].granularity == Granularity::kMatrix)
        memory += plan.tensors[index].needs[stage].memory;
  return memory;
}

// What a thread needs to work on whole matrices of a tensor: blocks to read by, and what the stages say.
std::uint64_t matrix_thread_memory(const MergePlan& plan, const PlannedTensor& tensor, std::uint64_t buffers) {
  std::uint64_t memory = 0;
  for (std::size_t stage = 0; stage < plan.stages_run(); ++stage)
    if (tensor.needs[stage].granularity == Granularity::kMatrix)
      memory = std::max(memory, buffers + tensor.needs[stage].thread_memory);
  return memory;
}

// A worker's buffers for the units of a tensor.
std::uint64_t buffer_memory(const PlannedTensor& tensor) {
  std::size_t item = 1;
  std::size_t outputs = 0;
  for (const std::optional<PlannedPlace>& place : tensor.places) {
    if (!place) continue;
    item = std::max(item, item_size(place->dtype));
    ++outputs;
  }
  for (const PlannedLane& lane : tensor.lanes)
    if (lane.tensor != nullptr) item = std::max(item, item_size(lane.tensor->dtype));
  return BlockSource::memory(tensor.lanes.size() + (tensor.base != nullptr ? 1 : 0), outputs,
                             largest_unit(tensor.blocks, tensor.size, tensor.row_size), item,
                             largest_block(tensor.blocks, tensor.size, tensor.row_size));
}

// The lanes that a stage of the tensor sees as whole matrices, in float32; after the combination there is one.
std::uint64_t lanes_memory(const MergePlan& plan, const PlannedTensor& tensor, std::size_t stage) {
  return (stage > plan.combination ? 1 : tensor.lanes.size()) * tensor.size * sizeof(float);
}

// What the tensor's own stages hold while it is in work.
std::uint64_t stage_memory(const MergePlan& plan, const PlannedTensor& tensor, bool holds_lanes) {
  std::uint64_t memory = 0;
  for (std::size_t stage = 0; stage < plan.stages_run(); ++stage) {
    if (!plan.stages[stage].whole_model) memory += tensor.needs[stage].memory;
    if (holds_lanes && takes_made_lanes(tensor, stage)) memory += lanes_memory(plan, tensor, stage);
  }
  return memory;
}

bool has_matrices(const MergePlan& plan) {
  for (const std::size_t index : plan.merged_tensors)
    for (std::size_t stage = 0; stage < plan.stages_run(); ++stage)
      if (plan.tensors[index].needs[stage].granularity == Granularity::kMatrix) return true;
  return false;
}

struct Needs {
  std::uint64_t fixed = 0;    // whatever is in work
  std::uint64_t buffers = 0;  // of a worker
  std::uint64_t stages = 0;   // of a tensor in work
  std::uint64_t most = 0;     // buffers and stages of one tensor
  std::string tensor;         // which that is
};

Needs add_up(const MergePlan& plan, bool holds_lanes) {
  Needs needs;
  needs.fixed = kProcessMemory + metadata_memory(plan) + shared_memory(plan);
  for (const std::size_t index : plan.merged_tensors) {
    const PlannedTensor& tensor = plan.tensors[index];
    const std::uint64_t units = buffer_memory(tensor);
    // At most as many threads as there are workers work on matrices.
    const std::uint64_t buffers = units + matrix_thread_memory(plan, tensor, units);
    const std::uint64_t stages = stage_memory(plan, tensor, holds_lanes);
    needs.buffers = std::max(needs.buffers, buffers);
    needs.stages = std::max(needs.stages, stages);
    if (buffers + stages > needs.most) {
      needs.most = buffers + stages;
      needs.tensor = tensor.name;
    }
  }
  return needs;
}

// Readings of a tensor's inputs before the merge itself.
double passes_of(const MergePlan& plan, const PlannedTensor& tensor, bool holds_lanes) {
  double passes = 0.0;
  for (std::size_t stage = 0; stage < plan.stages_run(); ++stage) {
    const bool made = takes_made_lanes(tensor, stage);
    if (made && holds_lanes)
      passes += 1.0;
    else
      passes += tensor.needs[stage].passes * (made ? static_cast<double>(tensor.lanes.size()) : 1.0);
  }
  return passes;
}

// The mean over the merged tensors, by their bytes.
double mean_passes(const MergePlan& plan, bool holds_lanes) {
  double bytes = 0.0;
  double readings = 0.0;
  for (const std::size_t index : plan.merged_tensors) {
    const PlannedTensor& tensor = plan.tensors[index];
    bytes += static_cast<double>(tensor.bytes);
    readings += static_cast<double>(tensor.bytes) * passes_of(plan, tensor, holds_lanes);
  }
  return bytes > 0.0 ? readings / bytes : 0.0;
}

}  // namespace

bool takes_made_lanes(const PlannedTensor& tensor, std::size_t stage) {
  return tensor.needs[stage].granularity == Granularity::kMatrix && stage > 0;
}

Result<Schedule> make_schedule(const MergePlan& plan, const ScheduleOptions& options) {
  Schedule schedule;
  Needs needs = add_up(plan, true);
  schedule.holds_lanes = needs.fixed + needs.buffers + needs.stages <= options.max_memory;
  if (!schedule.holds_lanes) needs = add_up(plan, false);
  const std::uint64_t least = needs.fixed + needs.buffers + needs.stages;
  if (least > options.max_memory)
    return fail(ErrorKind::kUsage, "--max-memory {} is too little: {} needs {} for its buffers; allow at least {} MiB",
                format_bytes(options.max_memory), needs.tensor, format_bytes(needs.most), (least >> 20) + 1);

  const std::size_t threads =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  const bool matrices = has_matrices(plan);
  // A worker more, and a tensor more for it to work on, as long as both fit. The threads of a matrix work on it
  // together, so that workers need no matrix of their own.
  const std::uint64_t a_worker = std::max<std::uint64_t>(1, needs.buffers + (matrices ? 0 : needs.stages));
  schedule.workers =
      std::clamp<std::uint64_t>((options.max_memory - needs.fixed - needs.stages) / a_worker, 1, threads);
  const std::uint64_t left = options.max_memory - needs.fixed - schedule.workers * needs.buffers;
  schedule.window = needs.stages == 0 ? schedule.workers + 1
                                      : std::clamp<std::uint64_t>(left / needs.stages, 1, schedule.workers + 1);
  schedule.team = schedule.workers / std::min(schedule.window, schedule.workers);
  schedule.worker_memory = needs.buffers;
  schedule.memory = needs.fixed + schedule.workers * needs.buffers + schedule.window * needs.stages;

  schedule.passes = 1.0 + mean_passes(plan, schedule.holds_lanes);
  schedule.bytes_read = static_cast<std::uint64_t>(static_cast<double>(plan.input_bytes()) * schedule.passes);
  schedule.bytes_written = plan.output_bytes();
  return schedule;
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace wootz
