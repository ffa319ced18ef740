#include "wootz/engine/run/record_builder.h"
#include "wootz/engine/run/tensor_job.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

class CopyJob : public Job {
 public:
  CopyJob(MergeContext& context, const PlannedTensor& tensor, TensorSink sink)
      : context_(context), tensor_(tensor), record_(context.plan, tensor), sink_(std::move(sink)) {
    const Sources& sources = context.plan.sources;
    holders_.resize(sources.models.size());
    for (const PlannedLane& lane : tensor_.lanes) holders_[lane.model] = lane.tensor;
    holders_[sources.donor_index()] = sources.donor().checkpoint.find(tensor_.name);
  }

  Result<std::optional<std::size_t>> next_phase() override {
    if (!begun_) {
      begun_ = true;
      return piece_count(tensor_.size);
    }
    sink_.files[0]->start_writeback(place().offset, place().bytes);
    TensorRecord record = record_.finish();
    for (std::size_t model = 0; model < holders_.size(); ++model)
      if (holders_[model] != nullptr && record.input_digests[model] != record.digests[0]) record.copies_differ = true;
    WOOTZ_RETURN_IF_ERROR(sink_.finished(record));
    return std::optional<std::size_t>();
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& state) override {
    const Sources& sources = context_.plan.sources;
    const std::size_t item = item_size(tensor_.dtype);
    const std::uint64_t first = unit * kPieceSize * item;
    const std::size_t bytes = std::min(place().bytes, first + kPieceSize * item) - first;
    const std::span<std::byte> stored = merge_worker(state).buffer(0, bytes);
    auto record = std::make_unique<PieceRecord>();
    record->input_digests.resize(holders_.size());
    record->output_digests.resize(tensor_.places.size());
    for (std::size_t model = 0; model < holders_.size(); ++model) {
      if (holders_[model] == nullptr) continue;
      WOOTZ_RETURN_IF_ERROR(sources.models[model].checkpoint.read(*holders_[model], first, stored));
      context_.bytes_read += bytes;
      record->input_digests[model] = piece_digest(stored);
      if (model != sources.donor_index()) continue;
      record->output_digests[0] = record->input_digests[model];
      WOOTZ_RETURN_IF_ERROR(sink_.files[0]->write_at(place().offset + first, stored));
      context_.bytes_written += bytes;
    }
    return record;
  }

  Result<> merge(std::size_t, std::unique_ptr<UnitResult> result) override {
    const auto& piece = static_cast<PieceRecord&>(*result);
    record_.add_inputs(piece);
    record_.add_output(piece);
    return {};
  }

 private:
  const PlannedPlace& place() const { return *tensor_.places[0]; }

  MergeContext& context_;
  const PlannedTensor& tensor_;
  RecordBuilder record_;
  TensorSink sink_;
  std::vector<const TensorInfo*> holders_;  // the tensor in each model; null where it is no lane or missing
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Job> make_copy_job(MergeContext& context, const PlannedTensor& tensor, TensorSink sink) {
  return std::make_unique<CopyJob>(context, tensor, std::move(sink));
}

}  // namespace wootz
