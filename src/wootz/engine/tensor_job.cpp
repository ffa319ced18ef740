#include "wootz/engine/tensor_job.h"

#include "wootz/engine/tensor_passes.h"
#include "wootz/io/digest.h"
#include "wootz/kernels/kernels.h"

namespace wootz {
namespace {

MergeWorker& merge_worker(WorkerState& worker) { return static_cast<MergeWorker&>(worker); }

// The passes of one tensor's stages below a stage that serves the whole model.
class PrepareJob : public Job {
 public:
  PrepareJob(MergeContext& context, std::size_t merged, std::size_t until)
      : passes_(context, *context.tensor_stages[merged], merged, until) {}

  Result<std::optional<std::size_t>> next_phase() override { return passes_.next(); }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& worker) override {
    return passes_.run(unit, merge_worker(worker));
  }
  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    passes_.merge(unit, *result);
    return {};
  }

 private:
  OwnPasses passes_;
};

// One pass over the pieces of all tensors, numbered through.
class ModelPassJob : public Job {
 public:
  ModelPassJob(MergeContext& context, std::size_t stage, Pass& pass) : context_(context), stage_(stage), pass_(pass) {
    for (std::size_t merged = 0; merged < context.plan.merged_tensors.size(); ++merged) {
      const std::uint64_t size = context.plan.tensors[context.plan.merged_tensors[merged]].size;
      total_ += size;
      for (std::uint64_t piece = 0; piece < piece_count(size); ++piece) units_.push_back({merged, piece});
    }
  }

  Result<std::optional<std::size_t>> next_phase() override {
    if (begun_) return std::optional<std::size_t>();
    begun_ = true;
    return units_.size();
  }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& worker) override {
    const auto [merged, piece] = units_[unit];
    return show_piece(context_, *context_.tensor_stages[merged], merged, stage_, pass_, total_, piece,
                      merge_worker(worker));
  }
  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    auto& shown = static_cast<PassResult&>(*result);
    if (shown.state != nullptr) pass_.merge(units_[unit].merged, units_[unit].piece, *shown.state);
    return {};
  }

 private:
  struct Unit {
    std::size_t merged;
    std::uint64_t piece;
  };
  MergeContext& context_;
  std::size_t stage_;
  Pass& pass_;
  std::vector<Unit> units_;
  std::uint64_t total_ = 0;
  bool begun_ = false;
};

// What a merged piece leaves for the record.
struct PieceRecord : UnitResult {
  TensorStatistics statistics;
  std::vector<std::uint64_t> input_digests;  // one a model; 0 where not read
  std::uint64_t output_digest = 0;
};

// Gathers piece records, in order, into the record of a tensor.
class RecordBuilder {
 public:
  RecordBuilder(const MergePlan& plan, std::size_t tensor) : plan_(plan), tensor_(plan.tensors[tensor]) {
    input_pieces_.resize(plan.sources.models.size());
  }

  void add_inputs(const PieceRecord& piece) {
    statistics_.add(piece.statistics);
    for (std::size_t model = 0; model < input_pieces_.size(); ++model)
      input_pieces_[model].push_back(piece.input_digests[model]);
  }
  void add_output(std::uint64_t digest) { output_pieces_.push_back(digest); }

  TensorRecord finish() const {
    TensorRecord record;
    record.name = tensor_.name;
    record.merged = tensor_.merged.has_value();
    record.lanes = tensor_.lanes.size();
    record.statistics = statistics_;
    record.statistics.gram.resize(record.lanes * (record.lanes + 1) / 2);
    record.digest = tensor_digest(output_pieces_);
    record.input_digests.resize(input_pieces_.size());
    const auto digest_input = [&](std::size_t model) {
      record.input_digests[model] = tensor_digest(input_pieces_[model]);
    };
    for (std::size_t lane = 0; lane < tensor_.lanes.size(); ++lane)
      if (tensor_.lanes[lane] != nullptr) digest_input(plan_.sources.lanes[lane]);
    if (!record.merged || tensor_.base != nullptr) digest_input(plan_.sources.donor_index());
    return record;
  }

 private:
  const MergePlan& plan_;
  const PlannedTensor& tensor_;
  TensorStatistics statistics_;
  std::vector<std::vector<std::uint64_t>> input_pieces_;
  std::vector<std::uint64_t> output_pieces_;
};

class MergeJob : public Job {
 public:
  MergeJob(MergeContext& context, std::size_t tensor, TensorSink sink)
      : context_(context),
        plan_(context.plan),
        tensor_(plan_.tensors[tensor]),
        merged_(*tensor_.merged),
        own_stages_(context.tensor_stages[merged_] == nullptr
                        ? std::make_unique<TensorStages>(plan_, merged_, context.model_stages)
                        : nullptr),
        stages_(own_stages_ ? *own_stages_ : *context.tensor_stages[merged_]),
        passes_(context, stages_, merged_, stages_.size()),
        record_(plan_, tensor),
        sink_(std::move(sink)) {}

  Result<std::optional<std::size_t>> next_phase() override {
    const std::size_t pieces = piece_count(tensor_.size);
    if (phase_ == Phase::kPasses) {
      if (const auto units = passes_.next()) return units;
      phase_ = Phase::kMerge;
      return pieces;
    }
    if (phase_ == Phase::kMerge && !digests_while_merging()) {
      phase_ = Phase::kDigest;
      WOOTZ_TRY(written_, context_.files.open(sink_.file->path()));
      return pieces;
    }
    if (phase_ != Phase::kDone) WOOTZ_RETURN_IF_ERROR(finish());
    phase_ = Phase::kDone;
    return std::optional<std::size_t>();
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& state) override {
    MergeWorker& worker = merge_worker(state);
    if (phase_ == Phase::kPasses) return passes_.run(unit, worker);
    if (phase_ == Phase::kMerge) return merge_piece(unit, worker);
    return digest_piece(unit, worker);
  }

  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    if (phase_ == Phase::kPasses) {
      passes_.merge(unit, *result);
      return {};
    }
    const auto& piece = static_cast<PieceRecord&>(*result);
    if (phase_ == Phase::kMerge) record_.add_inputs(piece);
    if (phase_ == Phase::kDigest || digests_while_merging()) record_.add_output(piece.output_digest);
    return {};
  }

 private:
  enum class Phase { kPasses, kMerge, kDigest, kDone };

  // Where blocks are whole rows, what a unit writes is not a whole piece; then digests take a second look.
  bool digests_while_merging() const { return plan_.granularity == Granularity::kElement; }

  Result<std::unique_ptr<UnitResult>> merge_piece(std::uint64_t piece, MergeWorker& worker);
  void merge_block(const BlockRange& range, TensorStages::States& states, PieceStatistics& statistics,
                   MergeWorker& worker, std::byte* stored);
  void digest_inputs(const UnitCut& cut, const BlockSource& source, PieceRecord& record) const;
  Result<std::unique_ptr<UnitResult>> digest_piece(std::uint64_t piece, MergeWorker& worker);
  Result<> finish();

  MergeContext& context_;
  const MergePlan& plan_;
  const PlannedTensor& tensor_;
  std::size_t merged_;
  std::unique_ptr<TensorStages> own_stages_;
  TensorStages& stages_;
  OwnPasses passes_;
  RecordBuilder record_;
  TensorSink sink_;
  Phase phase_ = Phase::kPasses;
  std::unique_ptr<ReadableFile> written_;
};

Result<std::unique_ptr<UnitResult>> MergeJob::merge_piece(std::uint64_t piece, MergeWorker& worker) {
  const TensorContext& context = plan_.contexts.back()[merged_];
  const UnitCut cut = cut_piece(plan_.granularity, context.size, context.row_size, piece);
  auto record = std::make_unique<PieceRecord>();
  const std::uint64_t first = cut.blocks.empty() ? cut.piece_first : std::min(cut.piece_first, cut.first());
  const std::uint64_t end = cut.blocks.empty() ? cut.piece_end : std::max(cut.piece_end, cut.end());
  WOOTZ_RETURN_IF_ERROR(worker.source.read(tensor_, first, end));
  context_.bytes_read += worker.source.take_bytes_read();
  digest_inputs(cut, worker.source, *record);
  if (cut.blocks.empty()) return record;

  const std::size_t item = item_size(tensor_.dtype);
  const std::size_t bytes = (cut.end() - cut.first()) * item;
  if (worker.stored.size() < bytes) worker.stored.resize(bytes);
  PieceStatistics statistics(tensor_.lanes.size());
  TensorStages::States states = stages_.begin(stages_.size(), piece);
  for (const BlockRange& range : cut.blocks)
    merge_block(range, states, statistics, worker, worker.stored.data() + (range.first - cut.first()) * item);
  record->statistics = statistics.totals();

  const auto stored = std::span(worker.stored).first(bytes);
  WOOTZ_RETURN_IF_ERROR(sink_.file->write_at(tensor_.offset + cut.first() * item, stored));
  context_.bytes_written += bytes;
  if (digests_while_merging()) record->output_digest = piece_digest(stored);
  return record;
}

void MergeJob::merge_block(const BlockRange& range, TensorStages::States& states, PieceStatistics& statistics,
                           MergeWorker& worker, std::byte* stored) {
  // Statistics are of task vectors wherever there is a base, also for methods that take the values themselves.
  const bool values_with_base = tensor_.base != nullptr && !pipeline_takes_task_vectors(plan_);
  if (values_with_base) statistics.add_inputs(worker.source.widen(range, true));
  const Block block = widen_for_pipeline(plan_, worker.source, range);
  if (!values_with_base) statistics.add_inputs(block);
  stages_.apply(stages_.size() - 1, states, block);
  restore_parameters(plan_, block);
  double* out = worker.source.output();
  stages_.combine(states, block, out);
  statistics.add_output(out, block.size);
  kernels::store(tensor_.dtype, out, block.size, stored);
}

void MergeJob::digest_inputs(const UnitCut& cut, const BlockSource& source, PieceRecord& record) const {
  record.input_digests.resize(plan_.sources.models.size());
  for (std::size_t lane = 0; lane < tensor_.lanes.size(); ++lane)
    if (tensor_.lanes[lane] != nullptr)
      record.input_digests[plan_.sources.lanes[lane]] =
          piece_digest(source.lane_bytes(lane, cut.piece_first, cut.piece_end));
  if (tensor_.base != nullptr)
    record.input_digests[*plan_.sources.base] = piece_digest(source.base_bytes(cut.piece_first, cut.piece_end));
}

Result<std::unique_ptr<UnitResult>> MergeJob::digest_piece(std::uint64_t piece, MergeWorker& worker) {
  const std::size_t item = item_size(tensor_.dtype);
  const std::uint64_t first = piece * kPieceSize;
  const std::size_t bytes = (std::min(tensor_.size, first + kPieceSize) - first) * item;
  if (worker.stored.size() < bytes) worker.stored.resize(bytes);
  const auto stored = std::span(worker.stored).first(bytes);
  WOOTZ_RETURN_IF_ERROR(written_->read_at(tensor_.offset + first * item, stored));
  auto record = std::make_unique<PieceRecord>();
  record->output_digest = piece_digest(stored);
  return record;
}

Result<> MergeJob::finish() {
  written_.reset();
  sink_.file->start_writeback(tensor_.offset, tensor_.bytes);
  TensorRecord record = record_.finish();
  record.facts = stages_.facts();
  context_.tensor_stages[merged_].reset();  // what the stages learnt is needed no more
  return sink_.finished(record);
}

class CopyJob : public Job {
 public:
  CopyJob(MergeContext& context, std::size_t tensor, TensorSink sink)
      : context_(context),
        tensor_(context.plan.tensors[tensor]),
        record_(context.plan, tensor),
        sink_(std::move(sink)) {
    const Sources& sources = context.plan.sources;
    holders_.resize(sources.models.size());
    for (std::size_t lane = 0; lane < sources.lanes.size(); ++lane) holders_[sources.lanes[lane]] = tensor_.lanes[lane];
    holders_[sources.donor_index()] = sources.donor().checkpoint.find(tensor_.name);
  }

  Result<std::optional<std::size_t>> next_phase() override {
    if (!begun_) {
      begun_ = true;
      return piece_count(tensor_.size);
    }
    sink_.file->start_writeback(tensor_.offset, tensor_.bytes);
    TensorRecord record = record_.finish();
    for (std::size_t model = 0; model < holders_.size(); ++model)
      if (holders_[model] != nullptr && record.input_digests[model] != record.digest) record.copies_differ = true;
    WOOTZ_RETURN_IF_ERROR(sink_.finished(record));
    return std::optional<std::size_t>();
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& state) override {
    std::vector<std::byte>& buffer = merge_worker(state).stored;
    const Sources& sources = context_.plan.sources;
    const std::size_t item = item_size(tensor_.dtype);
    const std::uint64_t first = unit * kPieceSize * item;
    const std::size_t bytes = std::min(tensor_.bytes, first + kPieceSize * item) - first;
    if (buffer.size() < bytes) buffer.resize(bytes);
    const auto stored = std::span(buffer).first(bytes);
    auto record = std::make_unique<PieceRecord>();
    record->input_digests.resize(holders_.size());
    for (std::size_t model = 0; model < holders_.size(); ++model) {
      if (holders_[model] == nullptr) continue;
      WOOTZ_RETURN_IF_ERROR(sources.models[model].checkpoint.read(*holders_[model], first, stored));
      context_.bytes_read += bytes;
      record->input_digests[model] = piece_digest(stored);
      if (model != sources.donor_index()) continue;
      record->output_digest = record->input_digests[model];
      WOOTZ_RETURN_IF_ERROR(sink_.file->write_at(tensor_.offset + first, stored));
      context_.bytes_written += bytes;
    }
    return record;
  }

  Result<> merge(std::size_t, std::unique_ptr<UnitResult> result) override {
    const auto& piece = static_cast<PieceRecord&>(*result);
    record_.add_inputs(piece);
    record_.add_output(piece.output_digest);
    return {};
  }

 private:
  MergeContext& context_;
  const PlannedTensor& tensor_;
  RecordBuilder record_;
  TensorSink sink_;
  std::vector<const TensorInfo*> holders_;  // the tensor in each model; null where it is no lane or missing
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Job> make_prepare_job(MergeContext& context, std::size_t merged, std::size_t until) {
  return std::make_unique<PrepareJob>(context, merged, until);
}

std::unique_ptr<Job> make_model_pass_job(MergeContext& context, std::size_t stage, Pass& pass) {
  return std::make_unique<ModelPassJob>(context, stage, pass);
}

std::unique_ptr<Job> make_merge_job(MergeContext& context, std::size_t tensor, TensorSink sink) {
  return std::make_unique<MergeJob>(context, tensor, std::move(sink));
}

std::unique_ptr<Job> make_copy_job(MergeContext& context, std::size_t tensor, TensorSink sink) {
  return std::make_unique<CopyJob>(context, tensor, std::move(sink));
}

}  // namespace wootz
