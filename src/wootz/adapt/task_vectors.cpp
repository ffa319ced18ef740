#include "wootz/adapt/task_vectors.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <mutex>

#include "wootz/core/check.h"
#include "wootz/engine/merge.h"
#include "wootz/engine/plan/open_and_plan.h"
#include "wootz/kernels/kernels.h"
#include "wootz/kernels/task_vectors.h"

namespace wootz {
namespace {

// Elements of a block: base, gradient and eight lanes of float32 stay in a core's second-level cache.
constexpr std::uint64_t kBlock = 8192;

// Runs body(unit) for all units on all threads; returns the first error.
template <typename Body>
Result<> for_units(std::size_t units, const Body& body) {
  std::mutex mutex;
  Result<> first;
  at::parallel_for(0, static_cast<std::int64_t>(units), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      Result<> done = body(static_cast<std::size_t>(unit));
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (first) first = std::move(done);
      return;
    }
  });
  return first;
}

// A block of a piece of work.
struct Unit {
  std::size_t work = 0;
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

template <typename Work, typename SizeOf>
std::vector<Unit> cut(std::span<const Work> work, const SizeOf& size_of) {
  std::vector<Unit> units;
  for (std::size_t i = 0; i < work.size(); ++i)
    for (std::uint64_t first = 0; first < size_of(work[i]); first += kBlock)
      units.push_back({i, first, std::min(kBlock, size_of(work[i]) - first)});
  return units;
}

}  // namespace

Result<std::vector<std::string>> write_task_vectors(FileSystem& files, const MergePlan& plan,
                                                    const std::string& directory, std::size_t threads,
                                                    const ProgressCallback& progress) {
  if (plan.recipe.transforms.empty()) return std::vector<std::string>();
  PlanOptions lanes_only = plan.options;
  lanes_only.keep_model = false;
  lanes_only.keep_lanes = true;
  WOOTZ_TRY(const MergePlan lanes, open_and_plan(files, plan.recipe, lanes_only));
  MergeOptions options;
  options.schedule.threads = threads;
  options.overwrite = true;  // the folder is this run's own
  options.sync = false;
  options.progress = progress;
  WOOTZ_TRY(const MergeReport report, run_merge(files, lanes, directory, options));
  WOOTZ_CHECK(report.complete);
  std::vector<std::string> folders;
  for (const PlannedOutput& output : lanes.outputs) folders.push_back(join_path(directory, output.folder));
  return folders;
}

Result<std::unique_ptr<TaskVectors>> TaskVectors::open(FileSystem& files, const MergePlan& plan,
                                                       const std::vector<std::string>& names,
                                                       const std::vector<std::string>& written) {
  auto vectors = std::make_unique<TaskVectors>();
  vectors->base_ = &plan.sources.models[*plan.sources.base].checkpoint;
  vectors->lanes_ = plan.sources.lanes.size();
  for (const std::string& folder : written) {
    WOOTZ_TRY(Checkpoint checkpoint, Checkpoint::open(files, folder));
    vectors->written_.push_back(std::move(checkpoint));
  }
  std::unordered_map<std::string_view, const PlannedTensor*> planned;
  for (const std::size_t index : plan.merged_tensors) planned[plan.tensors[index].name] = &plan.tensors[index];
  for (const std::string& name : names) {
    const auto found = planned.find(name);
    WOOTZ_CHECK(found != planned.end());
    Tensor tensor{found->second->size, found->second->base, {}};
    for (std::size_t k = 0; k < vectors->lanes_; ++k) {
      if (written.empty() && found->second->lanes[k].tensor != nullptr)
        tensor.lanes.push_back(
            {k, &plan.sources.models[plan.sources.lanes[k]].checkpoint, found->second->lanes[k].tensor, false});
      else if (!written.empty())
        tensor.lanes.push_back({k, &vectors->written_[k], vectors->written_[k].find(name), true});
    }
    vectors->tensors_.push_back(std::move(tensor));
  }
  return vectors;
}

/// What one thread reads of a block.
template <typename Real>
struct TaskVectors::Block {
  std::vector<std::byte> stored;
  std::vector<Real> base;
  std::vector<kernels::StoredLane> lanes;

  Result<> read(const TaskVectors& vectors, const Tensor& tensor, std::uint64_t first, std::uint64_t size) {
    constexpr std::size_t kWidest = sizeof(double);
    stored.resize((tensor.lanes.size() + 1) * kBlock * kWidest);
    base.resize(kBlock);
    lanes.clear();
    std::byte* at = stored.data();
    const auto fetch = [&](const Checkpoint& checkpoint, const TensorInfo& info) {
      const std::size_t item = item_size(info.dtype);
      return checkpoint.read(info, first * item, {at, size * item});
    };
    WOOTZ_RETURN_IF_ERROR(fetch(*vectors.base_, *tensor.base));
    if constexpr (std::is_same_v<Real, double>)
      kernels::load(tensor.base->dtype, at, size, base.data());
    else
      kernels::widen(tensor.base->dtype, at, size, base.data());
    for (const Lane& lane : tensor.lanes) {
      at += kBlock * kWidest;
      WOOTZ_RETURN_IF_ERROR(fetch(*lane.checkpoint, *lane.tensor));
      lanes.push_back({lane.tensor->dtype, at, lane.is_difference});
    }
    return {};
  }
};

Result<> TaskVectors::load(std::size_t index, std::uint64_t first, std::uint64_t size, float* out) const {
  thread_local Block<float> block;
  const Tensor& tensor = tensors_[index];
  std::fill(out + size, out + (lanes_ + 1) * size, 0.0F);  // a model that equals the base has no lane
  for (std::uint64_t done = 0; done < size; done += kBlock) {
    const std::uint64_t n = std::min(kBlock, size - done);
    WOOTZ_RETURN_IF_ERROR(block.read(*this, tensor, first + done, n));
    std::copy_n(block.base.data(), n, out + done);
    for (std::size_t i = 0; i < tensor.lanes.size(); ++i) {
      const kernels::StoredLane& lane = block.lanes[i];
      float* to = out + (tensor.lanes[i].index + 1) * size + done;
      kernels::widen(lane.dtype, lane.values, n, to);
      if (!lane.is_difference) std::transform(to, to + n, block.base.data(), to, std::minus<>());
    }
  }
  return {};
}

template <typename Real>
Result<> TaskVectors::merge_any(std::span<const Merged> work, kernels::Activation storage) const {
  const std::vector<Unit> units = cut(work, [&](const Merged& each) { return tensors_[each.tensor].size; });
  const std::size_t item = sizeof(Real) == 8 ? 8 : storage == kernels::Activation::kBFloat16 ? 2 : 4;
  return for_units(units.size(), [&](std::size_t index) -> Result<> {
    thread_local Block<Real> block;
    const Unit& unit = units[index];
    const Tensor& tensor = tensors_[work[unit.work].tensor];
    WOOTZ_RETURN_IF_ERROR(block.read(*this, tensor, unit.first, unit.size));
    std::vector<Real> weights;
    for (const Lane& lane : tensor.lanes)
      weights.push_back(static_cast<Real>(work[unit.work].coefficients[lane.index]));
    void* out = static_cast<std::byte*>(work[unit.work].out) + unit.first * item;
    if constexpr (std::is_same_v<Real, double>)
      kernels::merge_stored(block.base.data(), block.lanes, weights, static_cast<double*>(out), unit.size);
    else
      kernels::merge_stored(block.base.data(), block.lanes, weights, storage, out, unit.size);
    return {};
  });
}

template <typename Real>
Result<> TaskVectors::products_any(std::span<const Product> work) const {
  const std::vector<Unit> units = cut(work, [&](const Product& each) { return tensors_[each.tensor].size; });
  std::vector<double> parts(units.size() * lanes_, 0.0);  // added up in the order of the blocks
  const auto take_block = [&](std::size_t index) -> Result<> {
    thread_local Block<Real> block;
    const Unit& unit = units[index];
    const Tensor& tensor = tensors_[work[unit.work].tensor];
    WOOTZ_RETURN_IF_ERROR(block.read(*this, tensor, unit.first, unit.size));
    const auto* gradient = static_cast<const Real*>(work[unit.work].gradient) + unit.first;
    kernels::stored_products(gradient, block.base.data(), block.lanes, unit.size,
                             std::span(parts).subspan(index * lanes_, tensor.lanes.size()));
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(for_units(units.size(), take_block));
  for (const Product& each : work) std::fill(each.products.begin(), each.products.end(), 0.0);
  for (std::size_t index = 0; index < units.size(); ++index) {
    const Product& each = work[units[index].work];
    const std::vector<Lane>& lanes = tensors_[each.tensor].lanes;
    for (std::size_t i = 0; i < lanes.size(); ++i) each.products[lanes[i].index] += parts[index * lanes_ + i];
  }
  return {};
}

Result<> TaskVectors::merge(std::span<const Merged> work, kernels::Activation storage) const {
  return merge_any<float>(work, storage);
}
Result<> TaskVectors::merge_wide(std::span<const Merged> work) const {
  return merge_any<double>(work, kernels::Activation::kFloat32);
}
Result<> TaskVectors::products(std::span<const Product> work) const { return products_any<float>(work); }
Result<> TaskVectors::products_wide(std::span<const Product> work) const { return products_any<double>(work); }

}  // namespace wootz
