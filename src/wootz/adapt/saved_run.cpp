#include "wootz/adapt/saved_run.h"

#include "wootz/core/check.h"
#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

/// One array of a state. Its length is known, or found when it is read.
struct Part {
  std::string name;
  at::Tensor tensor;                    ///< of fixed shape, filled in place; or undefined
  std::vector<double>* list = nullptr;  ///< else
};

std::vector<Part> parts_of(SavedRun& run, std::vector<double>& numbers) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < run.values.size(); ++i) {
    const std::string& name = run.values[i].name;
    parts.push_back({"value/" + name, run.values[i].value, nullptr});
    parts.push_back({"mean/" + name, run.optimizer.means()[i], nullptr});
    parts.push_back({"square/" + name, run.optimizer.squares()[i], nullptr});
  }
  parts.push_back({"losses", {}, &run.losses});
  parts.push_back({"sums", {}, &run.sums});
  if (run.guard == nullptr) return parts;
  parts.push_back({"guard/numbers", {}, &numbers});
  parts.push_back({"guard/start", {}, &run.guard->start});
  parts.push_back({"guard/best", {}, &run.guard->best});
  for (std::size_t i = 0; i < run.guard->values.size(); ++i)
    parts.push_back({"guard/value/" + run.values[i].name, run.guard->values[i], nullptr});
  return parts;
}

std::vector<double> guard_numbers(const SavedRun& run) {
  if (run.guard == nullptr) return {};
  return {static_cast<double>(run.guard->best_step), static_cast<double>(run.guard->looks_since)};
}

void take_numbers(SavedRun& run, const std::vector<double>& numbers) {
  run.optimizer.set_steps(run.losses.size());
  if (run.guard == nullptr || numbers.size() != 2) return;
  run.guard->best_step = static_cast<std::size_t>(numbers[0]);
  run.guard->looks_since = static_cast<std::size_t>(numbers[1]);
}

// Room for the best state's values, which a new guard has not seen yet.
void make_room(SavedRun& run) {
  if (run.guard == nullptr || !run.guard->values.empty()) return;
  for (const LearnedValue& each : run.values) run.guard->values.push_back(each.value.detach().clone());
}

}  // namespace

Result<> save_run(RunDirectory& directory, const SavedRun& given) {
  SavedRun run = given;
  std::vector<double> numbers = guard_numbers(run);
  std::vector<at::Tensor> kept;  // lives until the file is written
  std::vector<StoredTensor> tensors;
  for (const Part& part : parts_of(run, numbers)) {
    if (part.list != nullptr) {
      tensors.push_back({part.name, Dtype::kF64, {part.list->size()}, std::as_bytes(std::span(*part.list))});
      continue;
    }
    kept.push_back(part.tensor.detach().contiguous());
    tensors.push_back(stored_tensor(part.name, kept.back()));
  }
  return directory.save(tensors);
}

Result<bool> restore_run(RunDirectory& directory, SavedRun& run) {
  WOOTZ_TRY(const std::optional<Checkpoint> state, directory.restore());
  if (!state) return false;
  make_room(run);
  std::vector<double> numbers;
  for (const Part& part : parts_of(run, numbers)) {
    if (part.list == nullptr) {
      WOOTZ_RETURN_IF_ERROR(read_saved(*state, part.name, bytes_of(part.tensor)));
      continue;
    }
    const TensorInfo* found = state->find(part.name);
    part.list->assign(found == nullptr ? 0 : found->size, 0.0);
    WOOTZ_RETURN_IF_ERROR(read_saved(*state, part.name, std::as_writable_bytes(std::span(*part.list))));
  }
  take_numbers(run, numbers);
  return true;
}

Result<> share_run(ProcessGroup& group, SavedRun& run) {
  if (group.size() == 1) return {};
  make_room(run);
  std::vector<double> numbers = guard_numbers(run);
  for (const Part& part : parts_of(run, numbers)) {
    if (part.list == nullptr) {
      WOOTZ_RETURN_IF_ERROR(group.broadcast(bytes_of(part.tensor)));
      continue;
    }
    std::uint64_t length = part.list->size();
    WOOTZ_RETURN_IF_ERROR(group.broadcast(std::as_writable_bytes(std::span(&length, 1))));
    part.list->resize(length);
    WOOTZ_RETURN_IF_ERROR(group.broadcast(std::as_writable_bytes(std::span(*part.list))));
  }
  take_numbers(run, numbers);
  return {};
}

}  // namespace wootz
