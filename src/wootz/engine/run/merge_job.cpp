#include "wootz/engine/run/record_builder.h"
#include "wootz/engine/run/tensor_job.h"
#include "wootz/engine/run/tensor_passes.h"
#include "wootz/io/digest.h"
#include "wootz/kernels/kernels.h"

namespace wootz {
namespace {

class MergeJob : public Job {
 public:
  MergeJob(MergeContext& context, const PlannedTensor& tensor, TensorSink sink)
      : context_(context), plan_(context.plan), tensor_(tensor), record_(plan_, tensor), sink_(std::move(sink)) {}

  Result<std::optional<std::size_t>> next_phase() override {
    if (!passes_) WOOTZ_RETURN_IF_ERROR(begin());
    if (phase_ == Phase::kPrepare) {
      WOOTZ_TRY(const std::optional<std::size_t> units, passes_->next());
      if (units) return units;
      phase_ = Phase::kMerge;
      return std::optional(piece_count(tensor_.size));
    }
    WOOTZ_RETURN_IF_ERROR(finish());
    return std::optional<std::size_t>();
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& state) override {
    MergeWorker& worker = merge_worker(state);
    return phase_ == Phase::kPrepare ? passes_->run(unit, worker) : merge_piece(unit, worker);
  }

  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    if (phase_ == Phase::kPrepare) {
      passes_->merge(unit, *result);
      return {};
    }
    const auto& piece = static_cast<const PieceRecord&>(*result);
    record_.add_inputs(piece);
    record_.add_output(piece);
    return {};
  }

 private:
  enum class Phase { kPrepare, kMerge };

  Result<> begin();
  Result<std::unique_ptr<UnitResult>> merge_piece(std::uint64_t piece, MergeWorker& worker);
  Result<> write(const UnitCut& cut, MergeWorker& worker, PieceRecord& record);
  Result<> merge_block(const BlockRange& range, std::uint64_t unit_first, TensorStages::States& states,
                       PieceStatistics& statistics, MergeWorker& worker) const;
  void digest_inputs(const UnitCut& cut, const BlockSource& source, PieceRecord& record) const;
  Result<> finish();

  MergeContext& context_;
  const MergePlan& plan_;
  const PlannedTensor& tensor_;
  std::unique_ptr<TensorStages> own_stages_;  // null where the context keeps them
  TensorStages* stages_ = nullptr;
  std::optional<OwnPasses> passes_;
  RecordBuilder record_;
  TensorSink sink_;
  Phase phase_ = Phase::kPrepare;
};

Result<> MergeJob::begin() {
  stages_ = context_.tensor_stages[*tensor_.merged].get();
  if (stages_ == nullptr) {
    WOOTZ_TRY(own_stages_, TensorStages::make(plan_, tensor_, context_.model_stages));
    stages_ = own_stages_.get();
  }
  passes_.emplace(context_, tensor_, *stages_, plan_.stages_run());
  return {};
}

Result<std::unique_ptr<UnitResult>> MergeJob::merge_piece(std::uint64_t piece, MergeWorker& worker) {
  const UnitCut cut = cut_piece(tensor_.blocks, tensor_.size, tensor_.row_size, piece);
  auto record = std::make_unique<PieceRecord>();
  const std::uint64_t first = cut.blocks.empty() ? cut.piece_first : std::min(cut.piece_first, cut.first());
  const std::uint64_t end = cut.blocks.empty() ? cut.piece_end : std::max(cut.piece_end, cut.end());
  WOOTZ_RETURN_IF_ERROR(worker.source.read(tensor_, first, end));
  context_.bytes_read += worker.source.take_bytes_read();
  digest_inputs(cut, worker.source, *record);
  if (cut.blocks.empty()) return record;

  PieceStatistics statistics(tensor_.lanes.size());
  TensorStages::States states = stages_->begin(plan_.stages_run(), piece);
  for (std::size_t output = 0; output < tensor_.places.size(); ++output)
    if (tensor_.places[output])
      worker.buffer(output, (cut.end() - cut.first()) * item_size(tensor_.places[output]->dtype));
  for (const BlockRange& range : cut.blocks)
    WOOTZ_RETURN_IF_ERROR(merge_block(range, cut.first(), states, statistics, worker));
  record->statistics = statistics.totals();
  WOOTZ_RETURN_IF_ERROR(write(cut, worker, *record));
  return record;
}

// Writes what the worker's buffers hold of a unit, and digests it.
Result<> MergeJob::write(const UnitCut& cut, MergeWorker& worker, PieceRecord& record) {
  for (std::size_t output = 0; output < tensor_.places.size(); ++output) {
    const std::optional<PlannedPlace>& place = tensor_.places[output];
    std::span<const std::byte> stored;
    if (place) {
      const std::size_t item = item_size(place->dtype);
      stored = worker.buffer(output, (cut.end() - cut.first()) * item);
      WOOTZ_RETURN_IF_ERROR(sink_.files[output]->write_at(place->offset + cut.first() * item, stored));
      context_.bytes_written += stored.size();
    }
    if (tensor_.blocks == Granularity::kRow)
      record.written.emplace_back(stored.begin(), stored.end());
    else
      record.output_digests.push_back(place ? piece_digest(stored) : 0);
  }
  return {};
}

Result<> MergeJob::merge_block(const BlockRange& range, std::uint64_t unit_first, TensorStages::States& states,
                               PieceStatistics& statistics, MergeWorker& worker) const {
  // Statistics are of task vectors wherever there is a base, also for methods that take the values themselves.
  const bool values_with_base = tensor_.base != nullptr && !plan_.takes_task_vectors;
  if (values_with_base) statistics.add_inputs(worker.source.widen(range, true));
  const Block block = worker.source.widen(range, plan_.takes_task_vectors);
  if (!values_with_base) statistics.add_inputs(block);
  WOOTZ_RETURN_IF_ERROR(stages_->transform(plan_.combination, states, block));
  const auto store = [&](std::size_t output, const double* values) {
    const Dtype dtype = tensor_.places[output]->dtype;
    std::byte* const to = worker.stored[output].data() + (range.first - unit_first) * item_size(dtype);
    kernels::store(dtype, values, block.size, to);
  };
  // Lanes first: a combination may use them as scratch.
  for (std::size_t output = 0; output < plan_.outputs.size(); ++output)
    if (plan_.outputs[output].lane) store(output, block.lanes[*plan_.outputs[output].lane]);
  if (!plan_.options.keep_model) return {};
  double* out = worker.source.output();
  WOOTZ_RETURN_IF_ERROR(stages_->merge(states, block, out));
  statistics.add_output(out, block.size);
  store(0, out);
  return {};
}

void MergeJob::digest_inputs(const UnitCut& cut, const BlockSource& source, PieceRecord& record) const {
  record.input_digests.resize(plan_.sources.models.size());
  for (std::size_t lane = 0; lane < tensor_.lanes.size(); ++lane)
    if (tensor_.lanes[lane].tensor != nullptr)
      record.input_digests[tensor_.lanes[lane].model] =
          piece_digest(source.lane_bytes(lane, cut.piece_first, cut.piece_end));
  if (tensor_.base != nullptr)
    record.input_digests[*plan_.sources.base] = piece_digest(source.base_bytes(cut.piece_first, cut.piece_end));
}

Result<> MergeJob::finish() {
  for (std::size_t output = 0; output < tensor_.places.size(); ++output)
    if (const auto& place = tensor_.places[output]) sink_.files[output]->start_writeback(place->offset, place->bytes);
  TensorRecord record = record_.finish();
  record.facts = stages_->facts();
  context_.tensor_stages[*tensor_.merged].reset();  // what the stages learnt is needed no more
  return sink_.finished(record);
}

}  // namespace

std::unique_ptr<Job> make_merge_job(MergeContext& context, const PlannedTensor& tensor, TensorSink sink) {
  return std::make_unique<MergeJob>(context, tensor, std::move(sink));
}

}  // namespace wootz
