#include "wootz/engine/schedule.h"

#include <algorithm>
#include <array>
#include <thread>

#include "wootz/engine/block_source.h"

namespace wootz {
namespace {

// The program itself: code, libraries, headers of a few thousand tensors, thread stacks in use.
constexpr std::uint64_t kProcessMemory = std::uint64_t{24} << 20;

// What the stages may hold of a tensor in work: samples of a selection, keys near its threshold, or a bit an element of
// what was kept.
std::uint64_t stage_memory(const MergePlan& plan) {
  if (plan.stages.size() == 1) return 0;
  constexpr std::uint64_t kSampleMemory = std::uint64_t{3} << 20;
  constexpr std::uint64_t kMostHeld = std::uint64_t{32} << 20;
  std::uint64_t largest = 0;
  for (std::size_t index : plan.merged_tensors) largest = std::max(largest, plan.tensors[index].size);
  const std::uint64_t lanes = plan.sources.lanes.size();
  return lanes * kSampleMemory + std::min(kMostHeld, lanes * largest / 8);
}

std::uint64_t metadata_memory(const MergePlan& plan) {
  // Names, shapes, offsets and parameters of each tensor in each model, about.
  return plan.tensors.size() * (1 + plan.sources.models.size()) * 512;
}

struct Need {
  std::uint64_t bytes = 0;
  std::string tensor;
};

Need largest_need(const MergePlan& plan) {
  Need need;
  for (std::size_t m = 0; m < plan.merged_tensors.size(); ++m) {
    const PlannedTensor& tensor = plan.tensors[plan.merged_tensors[m]];
    const TensorContext& context = plan.contexts.back()[m];
    std::size_t item = item_size(tensor.dtype);
    for (const TensorInfo* lane : tensor.lanes)
      if (lane != nullptr) item = std::max(item, item_size(lane->dtype));
    const std::uint64_t bytes =
        BlockSource::memory(tensor.lanes.size() + (tensor.base != nullptr ? 1 : 0),
                            largest_unit(plan.granularity, context.size, context.row_size), item,
                            largest_block(plan.granularity, context.size, context.row_size));
    if (bytes > need.bytes) need = {bytes, tensor.name};
  }
  return need;
}

}  // namespace

Result<Schedule> make_schedule(const MergePlan& plan, const ScheduleOptions& options) {
  Schedule schedule;
  const Need need = largest_need(plan);
  const std::uint64_t fixed = kProcessMemory + metadata_memory(plan);
  const std::uint64_t stage = stage_memory(plan);
  const std::uint64_t least = fixed + need.bytes + stage;
  if (least > options.max_memory)
    return fail(ErrorKind::kUsage, "--max-memory {} is too little: {} needs {} for its buffers; allow at least {}",
                format_bytes(options.max_memory), need.tensor, format_bytes(need.bytes + stage), format_bytes(least));

  const std::size_t threads =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  // A worker more, and a tensor more for it to work on, as long as both fit.
  const std::uint64_t fitting = (options.max_memory - fixed - stage) / std::max<std::uint64_t>(1, need.bytes + stage);
  schedule.workers = std::clamp<std::uint64_t>(fitting, 1, threads);
  const std::uint64_t left = options.max_memory - fixed - schedule.workers * need.bytes;
  schedule.window =
      stage == 0 ? schedule.workers + 1 : std::clamp<std::uint64_t>(left / stage, 1, schedule.workers + 1);
  schedule.worker_memory = need.bytes;
  schedule.memory = fixed + schedule.workers * need.bytes + schedule.window * stage;

  for (const PlannedStage& planned : plan.stages)
    schedule.passes += planned.transform != nullptr ? planned.transform->expected_passes
                                                    : plan.recipe.method->combination->expected_passes;
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
