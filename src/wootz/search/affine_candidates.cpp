#include "wootz/search/affine_candidates.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "wootz/core/check.h"
#include "wootz/kernels/kernels.h"
#include "wootz/search/merge_candidate.h"

namespace wootz {
namespace {

constexpr std::size_t kBlock = 16384;  // elements: ten models' doubles stay in a core's cache

/// Tensors of one checkpoint: read once and kept, or read again for every candidate.
class TensorStore {
 public:
  explicit TensorStore(const Checkpoint& checkpoint) : checkpoint_(&checkpoint) {}

  void add(std::string_view name) {
    const TensorInfo* tensor = checkpoint_->find(name);
    WOOTZ_CHECK(tensor != nullptr);
    tensors_.push_back(tensor);
  }

  std::uint64_t bytes() const {
    std::uint64_t total = 0;
    for (const TensorInfo* tensor : tensors_) total += tensor->bytes;
    return total;
  }

  Result<> keep() {
    for (const TensorInfo* tensor : tensors_) {
      std::vector<std::byte>& bytes = kept_.emplace_back(tensor->bytes);
      WOOTZ_RETURN_IF_ERROR(checkpoint_->read(*tensor, 0, bytes));
    }
    return {};
  }

  Dtype dtype(std::size_t tensor) const { return tensors_[tensor]->dtype; }

  /// Stored elements; `scratch` holds them where they are not kept. Thread-safe.
  Result<const std::byte*> read(std::size_t tensor, std::uint64_t first, std::size_t count,
                                std::vector<std::byte>& scratch) const {
    const std::size_t item = item_size(dtype(tensor));
    if (!kept_.empty()) return kept_[tensor].data() + first * item;
    scratch.resize(std::max(scratch.size(), count * item));
    WOOTZ_RETURN_IF_ERROR(checkpoint_->read(*tensors_[tensor], first * item, {scratch.data(), count * item}));
    return scratch.data();
  }

 private:
  const Checkpoint* checkpoint_;
  std::vector<const TensorInfo*> tensors_;
  std::vector<std::vector<std::byte>> kept_;
};

/// What one thread works in.
struct Scratch {
  std::vector<std::byte> stored;
  std::vector<double> base = std::vector<double>(kBlock);
  std::vector<std::vector<double>> lanes;
  std::vector<double> out = std::vector<double>(kBlock);
};

class AffineCandidates : public Candidates {
 public:
  AffineCandidates(Route route, std::size_t threads) : route_(route), threads_(threads) {}

  Route route() const override { return route_; }
  std::size_t merges() const override { return merged_.size(); }
  std::uint64_t memory() const override { return kept_; }

  Result<> open(FileSystem& files, const MergePlan& plan, const std::vector<std::string>& merged,
                const CandidateOptions& options) {
    WOOTZ_TRY(Model model, Model::load(files, merged.front(), options.model));
    model_ = std::move(model);
    for (const std::string& path : merged) {
      WOOTZ_TRY(Checkpoint checkpoint, Checkpoint::open(files, path));
      checkpoints_.push_back(std::make_unique<Checkpoint>(std::move(checkpoint)));
      merged_.emplace_back(*checkpoints_.back());
    }
    if (plan.recipe.method->lanes == Lanes::kTaskVectors) origin_.emplace(plan.sources.donor().checkpoint);
    choose_tensors(plan);
    return keep(options.kept_memory);
  }

  Result<const Model*> get(std::span<const double> values) override {
    WOOTZ_RETURN_IF_ERROR(compute(values));
    for (std::size_t t = 0; t < tensors_.size(); ++t)
      model_->assign(tensors_[t].name, {result_.data() + tensors_[t].first, tensors_[t].size});
    return &*model_;
  }

 private:
  struct Tensor {
    std::string name;
    std::size_t size = 0;       ///< elements
    std::size_t first = 0;      ///< in result_
    Dtype dtype = Dtype::kF32;  ///< of the merge
  };
  struct Piece {
    std::size_t tensor = 0;
    std::size_t first = 0;
    std::size_t size = 0;
  };

  // What the network uses and the merge changes.
  void choose_tensors(const MergePlan& plan) {
    std::size_t total = 0;
    for (const std::size_t index : plan.merged_tensors) {
      const PlannedTensor& tensor = plan.tensors[index];
      const auto& used = model_->parameters();
      if (std::none_of(used.begin(), used.end(), [&](const auto& parameter) { return parameter.name == tensor.name; }))
        continue;
      if (origin_) origin_->add(tensor.name);
      for (TensorStore& merged : merged_) merged.add(tensor.name);
      for (std::size_t first = 0; first < tensor.size; first += kBlock)
        pieces_.push_back({tensors_.size(), first, std::min(kBlock, tensor.size - first)});
      tensors_.push_back({tensor.name, tensor.size, total, tensor.dtype});
      total += tensor.size;
    }
    result_.resize(total);
  }

  Result<> keep(std::uint64_t most) {
    std::uint64_t bytes = origin_ ? origin_->bytes() : 0;
    for (const TensorStore& merged : merged_) bytes += merged.bytes();
    if (bytes > most) return {};
    kept_ = bytes;
    if (origin_) WOOTZ_RETURN_IF_ERROR(origin_->keep());
    for (TensorStore& merged : merged_) WOOTZ_RETURN_IF_ERROR(merged.keep());
    return {};
  }

  // result_ = origin + sum_k values[k] * (merged[k] - origin), in double precision, as the merge would be stored.
  Result<> compute(std::span<const double> values) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    Result<> status;
    const auto work = [&] {
      Scratch scratch;
      for (std::size_t i = next++; i < pieces_.size(); i = next++) {
        auto done = compute_piece(pieces_[i], values, scratch);
        if (done) continue;
        const std::lock_guard lock(mutex);
        if (status) status = std::move(done);
        next = pieces_.size();
      }
    };
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads_; ++i) helpers.emplace_back(work);
    work();
    helpers.clear();
    return status;
  }

  Result<> compute_piece(const Piece& piece, std::span<const double> values, Scratch& scratch) {
    if (origin_) {
      WOOTZ_TRY(const std::byte* stored, origin_->read(piece.tensor, piece.first, piece.size, scratch.stored));
      kernels::load(origin_->dtype(piece.tensor), stored, piece.size, scratch.base.data());
    }
    std::vector<const double*> lanes;
    std::vector<double> weights;
    scratch.lanes.resize(merged_.size(), std::vector<double>(kBlock));
    for (std::size_t k = 0; k < merged_.size(); ++k) {
      if (values[k] == 0.0) continue;
      double* lane = scratch.lanes[k].data();
      WOOTZ_TRY(const std::byte* stored, merged_[k].read(piece.tensor, piece.first, piece.size, scratch.stored));
      if (origin_)
        kernels::load_difference(merged_[k].dtype(piece.tensor), stored, scratch.base.data(), piece.size, lane);
      else
        kernels::load(merged_[k].dtype(piece.tensor), stored, piece.size, lane);
      lanes.push_back(lane);
      weights.push_back(values[k]);
    }
    kernels::weighted_sum(origin_ ? scratch.base.data() : nullptr, 1.0, lanes, weights, scratch.out.data(), piece.size);
    put(piece, scratch);
    return {};
  }

  void put(const Piece& piece, Scratch& scratch) {
    const Tensor& tensor = tensors_[piece.tensor];
    if (tensor.dtype != Dtype::kF32) {
      scratch.stored.resize(std::max(scratch.stored.size(), piece.size * item_size(tensor.dtype)));
      kernels::store(tensor.dtype, scratch.out.data(), piece.size, scratch.stored.data());
      kernels::load(tensor.dtype, scratch.stored.data(), piece.size, scratch.out.data());
    }
    float* out = result_.data() + tensor.first + piece.first;
    kernels::store(Dtype::kF32, scratch.out.data(), piece.size, reinterpret_cast<std::byte*>(out));
  }

  Route route_;
  std::size_t threads_;
  std::optional<Model> model_;
  std::vector<std::unique_ptr<Checkpoint>> checkpoints_;
  std::optional<TensorStore> origin_;  ///< none: 0
  std::vector<TensorStore> merged_;    ///< one a number of the candidate
  std::vector<Tensor> tensors_;
  std::vector<Piece> pieces_;
  std::vector<float> result_;
  std::uint64_t kept_ = 0;
};

}  // namespace

Result<std::unique_ptr<Candidates>> make_affine_candidates(FileSystem& files, const MergePlan& plan,
                                                           const Target& target, const CandidateOptions& options) {
  const std::size_t numbers = target.dimensions(plan.recipe);
  std::vector<std::string> merged;
  for (std::size_t k = 0; k < numbers; ++k) {
    std::vector<double> unit(numbers);
    unit[k] = 1.0;
    WOOTZ_TRY(std::string path, merge_candidate(files, with_values(plan.recipe, target, unit),
                                                fmt::format("merge-{}", k + 1), Dtype::kF32, options));
    merged.push_back(std::move(path));
  }
  std::size_t threads = options.model.threads;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  auto made = std::make_unique<AffineCandidates>(numbers == 1 ? Route::kScaled : Route::kAdded, threads);
  WOOTZ_RETURN_IF_ERROR(made->open(files, plan, merged, options));
  return made;
}

}  // namespace wootz
