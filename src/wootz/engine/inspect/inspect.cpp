#include "wootz/engine/inspect/inspect.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "wootz/engine/run/block_source.h"
#include "wootz/engine/run/job_runner.h"
#include "wootz/engine/run/ticker.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

struct InspectWorker : WorkerState {
  explicit InspectWorker(const Sources& sources) : source(sources) {}
  BlockSource source;
};

struct PieceSums : UnitResult {
  TensorStatistics statistics;
};

class InspectJob : public Job {
 public:
  InspectJob(const PlannedTensor& tensor, InspectedTensor& result, std::atomic<std::uint64_t>& bytes_read)
      : tensor_(tensor), result_(result), bytes_read_(bytes_read) {}

  Result<std::optional<std::size_t>> next_phase() override {
    if (std::exchange(begun_, true)) return std::optional<std::size_t>();
    result_.statistics.gram.resize(tensor_.lanes.size() * (tensor_.lanes.size() + 1) / 2);
    return piece_count(tensor_.size);
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& state) override {
    BlockSource& source = static_cast<InspectWorker&>(state).source;
    const UnitCut cut = cut_piece(Granularity::kElement, tensor_.size, tensor_.size, unit);
    WOOTZ_RETURN_IF_ERROR(source.read(tensor_, cut.first(), cut.end()));
    bytes_read_ += source.take_bytes_read();
    PieceStatistics sums(tensor_.lanes.size());
    for (const BlockRange& range : cut.blocks) sums.add_inputs(source.widen(range, tensor_.base != nullptr));
    auto result = std::make_unique<PieceSums>();
    result->statistics = sums.totals();
    return result;
  }

  Result<> merge(std::size_t, std::unique_ptr<UnitResult> result) override {
    result_.statistics.add(static_cast<PieceSums&>(*result).statistics);
    return {};
  }

 private:
  const PlannedTensor& tensor_;
  InspectedTensor& result_;
  std::atomic<std::uint64_t>& bytes_read_;
  bool begun_ = false;
};

Result<Sources> open_all(FileSystem& files, const std::vector<std::string>& models,
                         const std::optional<std::string>& base) {
  Sources sources;
  const auto open_one = [&](const std::string& reference) -> Result<> {
    WOOTZ_TRY(const std::string path, locate_model(files, reference, "."));
    WOOTZ_TRY(Checkpoint checkpoint, Checkpoint::open(files, path));
    sources.models.push_back({reference, std::move(checkpoint)});
    return {};
  };
  for (std::size_t lane = 0; lane < models.size(); ++lane) {
    WOOTZ_RETURN_IF_ERROR(open_one(models[lane]));
    sources.lanes.push_back(lane);
  }
  if (base) {
    sources.base = models.size();
    WOOTZ_RETURN_IF_ERROR(open_one(*base));
  }
  return sources;
}

// The tensor in all models, or a note why it cannot be compared.
std::optional<PlannedTensor> comparable(const Sources& sources, const TensorInfo& donor,
                                        std::vector<std::string>& notes) {
  if (!is_mergeable(donor.dtype)) return std::nullopt;
  PlannedTensor tensor;
  tensor.name = donor.name;
  tensor.shape = donor.shape;
  tensor.size = donor.size;
  if (sources.base) tensor.base = &donor;
  for (std::size_t lane : sources.lanes) {
    const Source& source = sources.models[lane];
    const TensorInfo* found = source.checkpoint.find(donor.name);
    if (found == nullptr) {
      notes.push_back(fmt::format("{}: not in {}", donor.name, source.reference));
      return std::nullopt;
    }
    if (found->shape != donor.shape || !is_mergeable(found->dtype)) {
      notes.push_back(fmt::format("{}: {} {} in {}, {} {} in {}", donor.name, dtype_name(found->dtype),
                                  to_string(found->shape), source.reference, dtype_name(donor.dtype),
                                  to_string(donor.shape), sources.donor().reference));
      return std::nullopt;
    }
    tensor.lanes.push_back({lane, found});
  }
  return tensor;
}

}  // namespace

Result<Inspection> inspect_models(FileSystem& files, const std::vector<std::string>& models,
                                  const InspectOptions& options) {
  WOOTZ_TRY(const Sources sources, open_all(files, models, options.base));
  Inspection inspection;
  inspection.models = models;
  inspection.base = options.base;
  std::vector<std::pair<PlannedTensor, std::size_t>> work;  // tensor, index of its result
  std::uint64_t total_bytes = 0;
  for (const TensorInfo& donor : sources.donor().checkpoint.tensors()) {
    auto tensor = comparable(sources, donor, inspection.notes);
    inspection.tensors.push_back({donor.name, donor.dtype, donor.shape, tensor.has_value(), {}});
    if (!tensor) continue;
    for (const PlannedLane& lane : tensor->lanes) total_bytes += lane.tensor->bytes;
    if (tensor->base != nullptr) total_bytes += tensor->base->bytes;
    work.emplace_back(std::move(*tensor), inspection.tensors.size() - 1);
  }

  std::atomic<std::uint64_t> bytes_read = 0;
  const std::size_t threads =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  std::size_t next = 0;
  {
    const ProgressTicker ticker(options.progress, [&] {
      return Progress{"reading", bytes_read, total_bytes, bytes_read};
    });
    WOOTZ_RETURN_IF_ERROR(run_jobs(
        {threads, threads + 1},
        [&]() -> std::unique_ptr<Job> {
          if (next == work.size()) return nullptr;
          const auto& [tensor, index] = work[next++];
          return std::make_unique<InspectJob>(tensor, inspection.tensors[index], bytes_read);
        },
        [&] { return std::make_unique<InspectWorker>(sources); }));
  }
  for (const InspectedTensor& tensor : inspection.tensors)
    if (tensor.compared) inspection.total.add(tensor.statistics);
  inspection.total.gram.resize(models.size() * (models.size() + 1) / 2);
  return inspection;
}

}  // namespace wootz
