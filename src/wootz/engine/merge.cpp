#include "wootz/engine/merge.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>

#include "wootz/core/check.h"
#include "wootz/engine/digest_job.h"
#include "wootz/engine/manifest.h"
#include "wootz/engine/replaceable.h"
#include "wootz/engine/side_files.h"
#include "wootz/engine/tensor_job.h"
#include "wootz/engine/ticker.h"
#include "wootz/io/digest.h"
#include "wootz/io/shard_index.h"

namespace wootz {
namespace {

class MergeRun {
 public:
  MergeRun(FileSystem& files, const MergePlan& plan, const Schedule& schedule, const MergeOptions& options,
           WorkDirectory& work)
      : options_(options),
        schedule_(schedule),
        work_(work),
        context_{files, plan, make_model_stages(plan), {}, 0, 0},
        records_(plan.tensors.size()) {
    context_.tensor_stages.resize(plan.merged_tensors.size());
  }

  Result<MergeReport> run() {
    const ProgressTicker ticker(options_.progress, [this] { return progress(); });
    WOOTZ_RETURN_IF_ERROR(open_shards());
    WOOTZ_RETURN_IF_ERROR(recheck_finished());
    select_pending();
    if (std::any_of(pending_.begin(), pending_.end(),
                    [&](std::size_t i) { return plan().tensors[i].merged.has_value(); }))
      WOOTZ_RETURN_IF_ERROR(run_model_passes());
    WOOTZ_RETURN_IF_ERROR(merge_tensors());
    if (options_.sync)
      for (const auto& shard : shards_)
        if (shard != nullptr) WOOTZ_RETURN_IF_ERROR(shard->sync());
    shards_.clear();
    if (options_.part.whole()) WOOTZ_RETURN_IF_ERROR(complete());
    return report();
  }

 private:
  const MergePlan& plan() const { return context_.plan; }

  bool in_part(std::size_t shard) const { return shard % options_.part.count == options_.part.number - 1; }

  void set_phase(std::string phase, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    phase_ = std::move(phase);
    phase_total_ = total;
    phase_start_ = context_.bytes_read;
  }

  Progress progress() {
    const std::lock_guard lock(mutex_);
    const bool merging = phase_ == "merging";
    return {phase_, merging ? done_bytes_.load() : std::min(phase_total_, context_.bytes_read - phase_start_),
            phase_total_, context_.bytes_read + context_.bytes_written};
  }

  Result<> run_all(const std::function<std::unique_ptr<Job>()>& next) {
    return run_jobs({schedule_.workers, schedule_.window}, next,
                    [this] { return std::make_unique<MergeWorker>(plan().sources); });
  }

  Result<> open_shards() {
    shards_.resize(plan().shards.size());
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      if (!in_part(shard)) continue;
      auto file = work_.open_shard(plan(), shard);
      if (!file) return tl::unexpected(std::move(file).error());
      shards_[shard] = std::move(*file);
    }
    return {};
  }

  // What journals call finished counts only if its data are there: after a power cut the journal may know more.
  Result<> recheck_finished() {
    std::vector<std::unique_ptr<ReadableFile>> readers(shards_.size());
    std::size_t next = 0;
    if (work_.finished().empty()) return {};
    set_phase("checking what is there", 0);
    for (std::size_t shard = 0; shard < shards_.size(); ++shard)
      if (in_part(shard)) {
        WOOTZ_TRY(readers[shard], context_.files.open(work_.output_path(plan().shards[shard].name)));
      }
    return run_all([&]() -> std::unique_ptr<Job> {
      for (; next < plan().tensors.size(); ++next) {
        const PlannedTensor& tensor = plan().tensors[next];
        const auto found = work_.finished().find(tensor.name);
        if (!in_part(tensor.shard) || found == work_.finished().end()) continue;
        const std::size_t index = next++;
        const ReadableFile& file = *readers[tensor.shard];
        const auto read = [&file, start = tensor.offset](std::uint64_t at, std::span<std::byte> out) {
          return file.read_at(start + at, out);
        };
        return make_digest_job({tensor.size, tensor.dtype, read},
                               [this, index, &record = found->second](const Result<std::string>& digest) {
                                 // What cannot be read back is simply merged again.
                                 const std::lock_guard lock(mutex_);
                                 if (digest && *digest == record.digest) records_[index] = record;
                               });
      }
      return nullptr;
    });
  }

  void select_pending() {
    for (std::size_t i = 0; i < plan().tensors.size(); ++i) {
      if (!in_part(plan().tensors[i].shard)) continue;
      if (records_[i])
        ++resumed_;
      else
        pending_.push_back(i);
    }
  }

  // Stages that serve the whole model see all of it first, in order; tensor stages before them are prepared as needed.
  Result<> run_model_passes() {
    for (std::size_t stage = 0; stage < plan().stages.size(); ++stage) {
      if (!plan().stages[stage].whole_model) continue;
      if (context_.tensor_stages.empty() || context_.tensor_stages.front() == nullptr)
        for (std::size_t m = 0; m < context_.tensor_stages.size(); ++m)
          context_.tensor_stages[m] = std::make_unique<TensorStages>(plan(), m, context_.model_stages);
      set_phase("statistics", plan().input_bytes());
      std::size_t merged = 0;
      WOOTZ_RETURN_IF_ERROR(run_all([&]() -> std::unique_ptr<Job> {
        if (merged == context_.tensor_stages.size()) return nullptr;
        return make_prepare_job(context_, merged++, stage);
      }));
      while (Pass* pass = context_.model_stages[stage]->next_pass()) {
        set_phase("statistics", pass->sample_size() == UINT64_MAX ? plan().input_bytes() : 0);
        bool given = false;
        WOOTZ_RETURN_IF_ERROR(run_all([&]() -> std::unique_ptr<Job> {
          if (std::exchange(given, true)) return nullptr;
          return make_model_pass_job(context_, stage, *pass);
        }));
      }
    }
    return {};
  }

  Result<> merge_tensors() {
    std::uint64_t total = 0;
    for (std::size_t index : pending_) total += plan().tensors[index].bytes;
    set_phase("merging", total);
    std::size_t next = 0;
    return run_all([&]() -> std::unique_ptr<Job> {
      if (next == pending_.size()) return nullptr;
      const std::size_t index = pending_[next++];
      const PlannedTensor& tensor = plan().tensors[index];
      TensorSink sink{shards_[tensor.shard].get(),
                      [this, index](const TensorRecord& record) { return finish(index, record); }};
      return tensor.merged ? make_merge_job(context_, index, std::move(sink))
                           : make_copy_job(context_, index, std::move(sink));
    });
  }

  Result<> finish(std::size_t index, const TensorRecord& record) {
    WOOTZ_RETURN_IF_ERROR(work_.note(record));
    done_bytes_ += plan().tensors[index].bytes;
    const std::lock_guard lock(mutex_);
    records_[index] = record;
    return {};
  }

  Result<> complete() {
    std::vector<TensorRecord> records;
    for (auto& record : records_) {
      WOOTZ_CHECK(record.has_value());
      records.push_back(*record);
    }
    const std::string folder = work_.output_path("");
    WOOTZ_TRY(auto digests, write_side_files(context_.files, plan(), folder));
    if (plan().shards.size() > 1) {
      ShardIndex index;
      for (const PlannedTensor& tensor : plan().tensors) {
        index.weight_map[tensor.name] = plan().shards[tensor.shard].name;
        index.total_size += tensor.bytes;
      }
      const std::string text = encode_shard_index(index);
      digests["model.safetensors.index.json"] = bytes_digest(std::as_bytes(std::span(text)));
      WOOTZ_RETURN_IF_ERROR(
          write_text_atomically(context_.files, join_path(folder, "model.safetensors.index.json"), text));
    }
    WOOTZ_RETURN_IF_ERROR(write_text_atomically(context_.files, join_path(folder, kManifestName),
                                                encode_manifest(plan(), records, digests)));
    return work_.publish(options_.overwrite, options_.sync);
  }

  MergeReport report() const {
    MergeReport report;
    report.resumed = resumed_;
    report.discarded_other = work_.discarded_other();
    report.complete = options_.part.whole();
    report.bytes_read = context_.bytes_read;
    report.bytes_written = context_.bytes_written;
    for (std::size_t index : pending_) ++(plan().tensors[index].merged ? report.merged : report.copied);
    for (const auto& record : records_)
      if (record) warn(*record, report.warnings);
    return report;
  }

  static void warn(const TensorRecord& record, std::vector<std::string>& warnings) {
    const TensorStatistics& statistics = record.statistics;
    if (statistics.output_nonfinite != 0)
      warnings.push_back(fmt::format("{}: {} of {} merged values are NaN or infinite ({} in the inputs)", record.name,
                                     statistics.output_nonfinite, statistics.size,
                                     statistics.base_nonfinite + statistics.lane_nonfinite));
    if (record.copies_differ)
      warnings.push_back(
          fmt::format("{}: not a floating-point tensor, and not the same in all models; the first model's (or the "
                      "base's) was copied",
                      record.name));
  }

  const MergeOptions& options_;
  const Schedule& schedule_;
  WorkDirectory& work_;
  MergeContext context_;
  std::vector<std::optional<TensorRecord>> records_;   // by tensor
  std::vector<std::unique_ptr<WritableFile>> shards_;  // null for other parts' shards
  std::vector<std::size_t> pending_;
  std::size_t resumed_ = 0;
  std::atomic<std::uint64_t> done_bytes_ = 0;
  std::mutex mutex_;  // guards records_ and the three below
  std::string phase_ = "starting";
  std::uint64_t phase_total_ = 0;
  std::uint64_t phase_start_ = 0;
};

Result<> check_place(FileSystem& files, const MergePlan& plan, const std::string& output, const MergeOptions& options) {
  if (options.part.number < 1 || options.part.number > options.part.count)
    return fail(ErrorKind::kUsage, "--part {}/{}: the part must be between 1 and {}", options.part.number,
                options.part.count, options.part.count);
  const bool occupied = files.exists(output) && !(files.is_directory(output) &&
                                                  files.list(output).value_or(std::vector<std::string>{"?"}).empty());
  if (occupied && !options.overwrite)
    return fail(ErrorKind::kUsage, "{} exists already; choose another output, or pass --overwrite to replace it",
                output);
  for (const Source& source : plan.sources.models)
    if (std::error_code unknown; std::filesystem::equivalent(source.checkpoint.directory(), output, unknown))
      return fail(ErrorKind::kUsage, "{} is one of the inputs; choose another output", output);
  return {};
}

}  // namespace

Result<MergeReport> run_merge(FileSystem& files, const MergePlan& plan, const std::string& written_output,
                              const MergeOptions& options) {
  const std::string output = output_path(written_output);
  if (options.part.whole()) {
    WOOTZ_TRY(const bool complete, clean_up_published(files, output, plan));
    if (complete) {
      MergeReport report;
      report.resumed = plan.tensors.size();
      report.complete = true;
      return report;
    }
  }
  WOOTZ_RETURN_IF_ERROR(check_place(files, plan, output, options));
  WOOTZ_TRY(const Schedule schedule, make_schedule(plan, options.schedule));
  WOOTZ_TRY(const std::unique_ptr<WorkDirectory> work, WorkDirectory::open(files, output, plan, options.part));
  WOOTZ_RETURN_IF_ERROR(check_place(files, plan, output, options));  // another run may have just published
  MergeRun run(files, plan, schedule, options, *work);
  return run.run();
}

}  // namespace wootz
