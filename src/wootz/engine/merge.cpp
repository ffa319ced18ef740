#include "wootz/engine/merge.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>

#include "wootz/core/check.h"
#include "wootz/engine/output/manifest.h"
#include "wootz/engine/output/replaceable.h"
#include "wootz/engine/output/side_files.h"
#include "wootz/engine/run/digest_job.h"
#include "wootz/engine/run/merge_progress.h"
#include "wootz/engine/run/tensor_job.h"
#include "wootz/engine/run/ticker.h"
#include "wootz/io/digest.h"
#include "wootz/io/shard_index.h"

namespace wootz {
namespace {

// The shards of every output, by number; null for other parts' shards.
// The shards of every output, by number; null for other parts' shards.
using Shards = std::vector<std::vector<std::unique_ptr<WritableFile>>>;
using Records = std::vector<std::optional<TensorRecord>>;  // by tensor; none: not finished
using NextJob = std::function<std::unique_ptr<Job>()>;

bool in_part(const Part& part, std::size_t shard) { return shard % part.count == part.number - 1; }

// Whether a part makes a tensor: the part of its shard in the first output that has it. A tensor without any is not
// made.
bool is_made(const Part& part, const PlannedTensor& tensor) {
  for (const std::optional<PlannedPlace>& place : tensor.places)
    if (place) return in_part(part, place->shard);
  return false;
}

Result<> run_all(const Schedule& schedule, const Sources& sources, const NextJob& next) {
  return run_jobs({schedule.workers, schedule.window}, next,
                  [&sources] { return std::make_unique<MergeWorker>(sources); });
}

Result<Shards> open_shards(WorkDirectory& work, const MergePlan& plan, const Part& part) {
  Shards shards;
  for (const PlannedOutput& output : plan.outputs) {
    auto& files = shards.emplace_back(output.shards.size());
    for (std::size_t shard = 0; shard < files.size(); ++shard)
      if (in_part(part, shard)) {
        WOOTZ_TRY(files[shard], work.open_shard(output, shard));
      }
  }
  return shards;
}

// A tensor in one output, for reading back.
struct Copy {
  std::size_t tensor = 0;
  std::size_t output = 0;
};

// What the journals call finished counts only if its data are there: after a power cut a journal may know more.
Result<Records> recheck_finished(FileSystem& files, const WorkDirectory& work, const MergePlan& plan,
                                 const Schedule& schedule, const Part& part, MergeProgress& progress) {
  Records records(plan.tensors.size());
  if (work.finished().empty()) return records;
  progress.begin("checking what is there", 0);
  std::vector<std::vector<std::unique_ptr<ReadableFile>>> readers;
  for (const PlannedOutput& output : plan.outputs) {
    auto& opened = readers.emplace_back(output.shards.size());
    for (std::size_t shard = 0; shard < opened.size(); ++shard)
      if (in_part(part, shard)) {
        WOOTZ_TRY(opened[shard], files.open(work.output_path(join_path(output.folder, output.shards[shard].name))));
      }
  }
  std::vector<Copy> copies;
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const auto found = work.finished().find(plan.tensors[i].name);
    if (found == work.finished().end() || !is_made(part, plan.tensors[i])) continue;
    records[i] = found->second;
    for (std::size_t output = 0; output < plan.outputs.size(); ++output)
      if (plan.tensors[i].places[output]) copies.push_back({i, output});
  }
  std::mutex mutex;
  std::vector<bool> is_damaged(plan.tensors.size());
  std::size_t next = 0;
  WOOTZ_RETURN_IF_ERROR(run_all(schedule, plan.sources, [&]() -> std::unique_ptr<Job> {
    if (next == copies.size()) return nullptr;
    const Copy copy = copies[next++];
    const PlannedTensor& tensor = plan.tensors[copy.tensor];
    const PlannedPlace& place = *tensor.places[copy.output];
    const ReadableFile& file = *readers[copy.output][place.shard];
    const auto read = [&file, start = place.offset](std::uint64_t at, std::span<std::byte> out) {
      return file.read_at(start + at, out);
    };
    return make_digest_job({tensor.size, place.dtype, read}, [&, copy](const Result<std::string>& digest) {
      const std::vector<std::string>& expected = records[copy.tensor]->digests;
      if (digest && copy.output < expected.size() && *digest == expected[copy.output]) return;
      const std::lock_guard lock(mutex);
      is_damaged[copy.tensor] = true;
    });
  }));
  // What cannot be read back is simply merged again.
  for (std::size_t i = 0; i < records.size(); ++i)
    if (is_damaged[i]) records[i].reset();
  return records;
}

// The tensors of this part that are still to be made, in order.
std::vector<std::size_t> pending_tensors(const MergePlan& plan, const Part& part, const Records& records) {
  std::vector<std::size_t> pending;
  for (std::size_t i = 0; i < plan.tensors.size(); ++i)
    if (is_made(part, plan.tensors[i]) && !records[i]) pending.push_back(i);
  return pending;
}

// One stage that serves the whole model: each tensor's own stages before it, then its passes over everything.
Result<> prepare_model_stage(MergeContext& context, const Schedule& schedule, std::size_t stage,
                             MergeProgress& progress) {
  const MergePlan& plan = context.plan;
  progress.begin("statistics", plan.input_bytes());
  std::size_t merged = 0;
  WOOTZ_RETURN_IF_ERROR(run_all(schedule, plan.sources, [&]() -> std::unique_ptr<Job> {
    if (merged == context.tensor_stages.size()) return nullptr;
    return make_prepare_job(context, merged++, stage);
  }));
  while (true) {
    WOOTZ_TRY(Pass* const pass, context.model_stages[stage].transform->next_pass());
    if (pass == nullptr) return {};
    progress.begin("statistics", pass->sample_size() == UINT64_MAX ? plan.input_bytes() : 0);
    bool given = false;
    WOOTZ_RETURN_IF_ERROR(run_all(schedule, plan.sources, [&]() -> std::unique_ptr<Job> {
      if (std::exchange(given, true)) return nullptr;
      return make_model_pass_job(context, stage, *pass);
    }));
  }
}

// Stages that serve the whole model see all of it before any tensor is merged.
Result<> prepare_model_stages(MergeContext& context, const Schedule& schedule, MergeProgress& progress) {
  const MergePlan& plan = context.plan;
  context.tensor_stages.resize(plan.merged_tensors.size());
  const auto whole_model = [](const PlannedStage& stage) { return stage.whole_model; };
  if (std::none_of(plan.stages.begin(), plan.stages.end(), whole_model)) return {};
  for (std::size_t m = 0; m < context.tensor_stages.size(); ++m) {
    WOOTZ_TRY(context.tensor_stages[m], TensorStages::make(plan, plan.merged_tensor(m), context.model_stages));
  }
  for (std::size_t stage = 0; stage < plan.stages_run(); ++stage)
    if (plan.stages[stage].whole_model) WOOTZ_RETURN_IF_ERROR(prepare_model_stage(context, schedule, stage, progress));
  return {};
}

// Makes the pending tensors and notes their records, in the work directory and in `records`.
Result<> make_tensors(MergeContext& context, const Schedule& schedule, const std::vector<std::size_t>& pending,
                      const Shards& shards, WorkDirectory& work, Records& records, MergeProgress& progress) {
  const MergePlan& plan = context.plan;
  std::uint64_t total = 0;
  for (const std::size_t index : pending) total += plan.tensors[index].bytes;
  progress.begin_writing("merging", total);
  std::mutex mutex;
  std::size_t next = 0;
  return run_all(schedule, plan.sources, [&]() -> std::unique_ptr<Job> {
    if (next == pending.size()) return nullptr;
    const std::size_t index = pending[next++];
    const PlannedTensor& tensor = plan.tensors[index];
    const auto finished = [&, index](const TensorRecord& record) -> Result<> {
      WOOTZ_RETURN_IF_ERROR(work.note(record));
      progress.add_written(plan.tensors[index].bytes);
      const std::lock_guard lock(mutex);
      records[index] = record;
      return {};
    };
    TensorSink sink{{}, finished};
    for (std::size_t output = 0; output < plan.outputs.size(); ++output) {
      const std::optional<PlannedPlace>& place = tensor.places[output];
      sink.files.push_back(place ? shards[output][place->shard].get() : nullptr);
    }
    return tensor.merged ? make_merge_job(context, tensor, std::move(sink))
                         : make_copy_job(context, tensor, std::move(sink));
  });
}

// The index of an output of several shards, and its digest. Nothing for an output of one.
Result<> write_index(FileSystem& files, const MergePlan& plan, std::size_t output, const std::string& folder,
                     std::map<std::string, std::string>& digests) {
  constexpr const char* kIndexName = "model.safetensors.index.json";
  const PlannedOutput& planned = plan.outputs[output];
  if (planned.shards.size() == 1) return {};
  ShardIndex index;
  for (const PlannedTensor& tensor : plan.tensors) {
    const std::optional<PlannedPlace>& place = tensor.places[output];
    if (!place) continue;
    index.weight_map[tensor.name] = planned.shards[place->shard].name;
    index.total_size += place->bytes;
  }
  const std::string text = encode_shard_index(index);
  const std::string name = join_path(planned.folder, kIndexName);
  digests[name] = bytes_digest(std::as_bytes(std::span(text)));
  return write_text_atomically(files, join_path(folder, name), text);
}

// All that belongs to the output besides the shards: side files of the model, indices, manifest. Requires: the records
// of all tensors that are made.
Result<> write_companions(FileSystem& files, const MergePlan& plan, const Records& records, const std::string& folder) {
  std::map<std::string, std::string> digests;
  if (plan.options.keep_model) {
    WOOTZ_TRY(digests, write_side_files(files, plan, folder));
  }
  for (std::size_t output = 0; output < plan.outputs.size(); ++output)
    WOOTZ_RETURN_IF_ERROR(write_index(files, plan, output, folder, digests));
  return write_text_atomically(files, join_path(folder, kManifestName), encode_manifest(plan, records, digests));
}

void warn(const TensorRecord& record, std::vector<std::string>& warnings) {
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

MergeReport make_report(const MergeContext& context, const std::vector<std::size_t>& pending, const Records& records,
                        const WorkDirectory& work, const Part& part) {
  MergeReport report;
  report.discarded_other = work.discarded_other();
  report.complete = part.whole();
  report.bytes_read = context.bytes_read;
  report.bytes_written = context.bytes_written;
  for (const std::size_t index : pending) ++(context.plan.tensors[index].merged ? report.merged : report.copied);
  for (const auto& record : records) {
    if (!record) continue;
    ++report.resumed;
    warn(*record, report.warnings);
  }
  report.resumed -= pending.size();
  return report;
}

Result<MergeReport> merge_into(FileSystem& files, const MergePlan& plan, const Schedule& schedule,
                               const MergeOptions& options, WorkDirectory& work) {
  WOOTZ_TRY(ModelStages model_stages, make_model_stages(plan));
  MergeContext context{files, plan, std::move(model_stages), schedule.team, schedule.holds_lanes};
  MergeProgress progress(context.bytes_read, context.bytes_written);
  const ProgressTicker ticker(options.progress, [&] { return progress.now(); });
  const Part& part = options.part;

  WOOTZ_TRY(Shards shards, open_shards(work, plan, part));
  WOOTZ_TRY(Records records, recheck_finished(files, work, plan, schedule, part, progress));
  const std::vector<std::size_t> pending = pending_tensors(plan, part, records);
  if (std::any_of(pending.begin(), pending.end(), [&](std::size_t i) { return plan.tensors[i].merged.has_value(); }))
    WOOTZ_RETURN_IF_ERROR(prepare_model_stages(context, schedule, progress));
  WOOTZ_RETURN_IF_ERROR(make_tensors(context, schedule, pending, shards, work, records, progress));
  if (options.sync)
    for (const auto& output : shards)
      for (const auto& shard : output)
        if (shard != nullptr) WOOTZ_RETURN_IF_ERROR(shard->sync());
  shards.clear();
  if (part.whole()) {
    WOOTZ_RETURN_IF_ERROR(write_companions(files, plan, records, work.output_path("")));
    WOOTZ_RETURN_IF_ERROR(work.publish(options.overwrite, options.sync));
  }
  return make_report(context, pending, records, work, part);
}

Result<> check_place(FileSystem& files, const MergePlan& plan, const std::string& output, const MergeOptions& options) {
  if (options.part.number < 1 || options.part.number > options.part.count)
    return fail(ErrorKind::kUsage, "--part {}/{}: the part must be between 1 and {}", options.part.number,
                options.part.count, options.part.count);
  WOOTZ_CHECK(options.part.whole() || plan.outputs.size() == 1);  // outputs are cut differently
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
  return merge_into(files, plan, schedule, options, *work);
}

}  // namespace wootz
