#include "wootz/adapt/adapt.h"

#include <algorithm>
#include <set>

#include "wootz/adapt/adapter_inputs.h"
#include "wootz/adapt/learning_loop.h"
#include "wootz/adapt/teacher.h"
#include "wootz/engine/output/replaceable.h"
#include "wootz/engine/output/work_directory.h"
#include "wootz/engine/run/schedule.h"
#include "wootz/io/digest.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

constexpr const char* kRecipeName = "wootz-adapt.yml";
constexpr const char* kLogName = "wootz-adapt.jsonl";
// What the program and libtorch take before any weight or activation is there.
constexpr std::uint64_t kProgramMemory = std::uint64_t{400} << 20;
constexpr std::uint64_t kDefaultMemory = std::uint64_t{2560} << 20;

class AdaptRun {
 public:
  AdaptRun(FileSystem& files, MergePlan plan, std::string output, const AdaptOptions& options, ProcessGroup& group)
      : files_(files),
        settings_(*plan.recipe.adapt),
        output_(std::move(output)),
        options_(options),
        group_(group),
        bad_(options.skip_bad),
        plan_(std::move(plan)) {}

  Result<AdaptReport> run() {
    WOOTZ_RETURN_IF_ERROR(together([&] { return open(); }));
    WOOTZ_RETURN_IF_ERROR(together([&] { return open_directory(); }));
    // The first process writes the task vectors that the others then find.
    WOOTZ_RETURN_IF_ERROR(together([&] { return group_.is_first() ? make_adapter() : Result<>(); }));
    WOOTZ_RETURN_IF_ERROR(together([&] { return group_.is_first() ? Result<>() : make_adapter(); }));
    WOOTZ_RETURN_IF_ERROR(together([&] { return ask_teachers(); }));
    WOOTZ_RETURN_IF_ERROR(together([&] { return make_guard(); }));
    WOOTZ_TRY(AdaptReport report, learn());
    WOOTZ_RETURN_IF_ERROR(together([&] { return group_.is_first() ? write(report) : Result<>(); }));
    return report;
  }

 private:
  // An error of one process is every process's.
  template <typename Body>
  Result<> together(const Body& body) {
    return group_.agree(body());
  }

  void show(const std::string& phase, std::uint64_t done, std::uint64_t total, const std::string& unit = "") const {
    if (options_.progress) options_.progress({phase, done, total, unit});
  }

  Result<> open() {
    WOOTZ_RETURN_IF_ERROR(check_settings());
    std::vector<std::string> inputs;
    for (const Source& source : plan_.sources.models) inputs.push_back(source.checkpoint.directory());
    WOOTZ_RETURN_IF_ERROR(check_output(files_, output_, options_.overwrite, plan_.recipe.file, inputs));
    WOOTZ_TRY(device_, open_device(device_name()));
    WOOTZ_TRY(max_memory_, memory_to_use());
    set_network_threads(options_.threads);
    const Checkpoint& base = plan_.sources.donor().checkpoint;
    WOOTZ_TRY(const ModelConfig config, ModelConfig::load(files_, base.directory()));
    WOOTZ_TRY(network_, make_network(config, tensor_names(base)));
    info_ = network_->info();
    info_.directory = base.directory();
    WOOTZ_TRY(corruption_, corruption_of(settings_));
    WOOTZ_TRY(tasks_, open_adapt_tasks(files_, plan_.recipe, info_));
    return open_objective_tasks();
  }

  // Processes of one machine take a GPU each.
  std::string device_name() const {
    const std::string local = group_.local_rank();
    return options_.device == "cuda" && !local.empty() ? "cuda:" + local : options_.device;
  }

  Result<std::uint64_t> memory_to_use() const {
    if (options_.max_memory != 0) return options_.max_memory;
    if (device_.is_cpu()) return kDefaultMemory;
    WOOTZ_TRY(const std::uint64_t free, free_memory(device_));
    return free / 5 * 4;
  }

  Result<> check_settings() const {
    if (settings_.batch_size % group_.size() != 0)
      return fail(ErrorKind::kUsage,
                  "'batch_size' {} cannot be shared out evenly among {} processes: make it a multiple of their number",
                  settings_.batch_size, group_.size());
    return {};
  }

  Result<> open_objective_tasks() {
    for (const AdaptTask& task : tasks_) {
      ObjectiveTask& made = objective_tasks_.emplace_back();
      made.name = task.open.task.name;
      made.classes = task.open.classes;
      if (task.open.head) made.head = head_tensors(*task.open.head, device_);
      if (settings_.evaluate_every == 0) continue;
      WOOTZ_TRY(OpenTask evaluated, open_task_for(files_, task.open.task, info_, settings_.evaluate_split));
      evaluated_.push_back(std::move(evaluated));
    }
    const auto with_head = [](const ObjectiveTask& task) { return task.head.has_value(); };
    const auto heads = std::count_if(objective_tasks_.begin(), objective_tasks_.end(), with_head);
    if (heads != 0 && heads != static_cast<std::ptrdiff_t>(tasks_.size()))
      return fail(ErrorKind::kUsage, "some tasks have a head and some use the models' own classifier: give all a head");
    uses_heads_ = heads != 0;
    return {};
  }

  // The state of another run is thrown away; this must not depend on what changes nothing of the result.
  Result<std::string> fingerprint() const {
    WOOTZ_TRY(const std::string catalogue,
              read_text(files_, join_path(parent_path(plan_.recipe.file), settings_.tasks), std::uint64_t{1} << 24));
    std::string text = merge_fingerprint(plan_) + catalogue;
    for (const AdaptTask& task : tasks_) {
      WOOTZ_TRY(const std::string key, task_key(files_, info_, task.open));
      text += key;
    }
    return bytes_digest(std::as_bytes(std::span(text)));
  }

  Result<> open_directory() {
    if (!group_.is_first()) return {};
    WOOTZ_TRY(const std::string text, fingerprint());
    WOOTZ_TRY(directory_, RunDirectory::open(files_, output_, text, options_.overwrite));
    log_.emplace(files_, directory_->path(kLogName), objective_tasks_);
    return {};
  }

  Result<> make_adapter() {
    inputs_.plan = &plan_;
    inputs_.network = network_.get();
    inputs_.output = uses_heads_ ? NetworkOutput::kFeatures : NetworkOutput::kLogits;
    inputs_.device = device_;
    inputs_.vectors_on_device = !device_.is_cpu();
    inputs_.precision = precision();
    inputs_.step_items = tasks_.size() * settings_.batch_size * settings_.batches / group_.size();
    for (const AdaptTask& task : tasks_) inputs_.tokens = std::max(inputs_.tokens, most_tokens(info_, task.open.task));
    // A GPU's memory holds neither the program nor the data that wait.
    const std::uint64_t outside = device_.is_cpu() ? kProgramMemory + waiting_data(inputs_.step_items) : 0;
    if (max_memory_ <= outside)
      return fail(ErrorKind::kUsage,
                  "--max-memory {} is no more than the program and its data take beside a step, about {}: raise it",
                  format_bytes(max_memory_), format_bytes(outside));
    inputs_.max_memory = max_memory_ - outside;
    inputs_.work_directory = output_ + ".wootz-partial";
    inputs_.threads = options_.threads;
    inputs_.progress = [this](const Progress& at) { show("preparing the task vectors", at.done, at.total, at.unit); };
    WOOTZ_TRY(adapter_, wootz::make_adapter(files_, inputs_));
    return {};
  }

  // Bytes of the items that are in work, and of those that the loaders have ready or are making.
  std::uint64_t waiting_data(std::size_t step_items) const {
    constexpr std::uint64_t kBatches = 4;
    const auto side = static_cast<std::uint64_t>(info_.image_size);
    return kBatches * step_items * 3 * side * side * sizeof(float);
  }

  Precision precision() const { return settings_.bfloat16 ? Precision::kBFloat16 : Precision::kFloat32; }

  // The items of a task on which its teacher is needed: the same in every process, for it depends on all of them.
  std::vector<std::size_t> taught_items(const AdaptTask& task) const {
    std::set<std::size_t> items;
    const std::size_t size = task.open.data->size();
    if (settings_.objective.agreement > 0)
      for (const std::size_t item : order_of_steps(settings_, size, 0, settings_.steps, {})) items.insert(item);
    if (settings_.guard)
      for (const std::size_t item : watched_items(settings_, size)) items.insert(item);
    return {items.begin(), items.end()};
  }

  Result<> ask_teachers() {
    const ModelOptions model{device_.str(), precision(), options_.threads, info_.architecture};
    std::vector<std::vector<std::size_t>> asked;
    std::uint64_t total = 0, done = 0;
    for (const AdaptTask& task : tasks_) {
      asked.push_back(taught_items(task));
      total += 2 * asked.back().size();
    }
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (asked[t].empty()) continue;
      const TeacherInputs inputs{files_,
                                 expert_of(tasks_[t]).checkpoint.path(),
                                 tasks_[t].open,
                                 objective_tasks_[t],
                                 *adapter_,
                                 info_,
                                 model,
                                 device_,
                                 {corruption_, 64, 1},
                                 settings_.objective.teacher_balance,
                                 bad_};
      const auto now = [&](std::size_t items) { show("asking the experts", done + items, total, "items"); };
      WOOTZ_TRY(objective_tasks_[t].teacher, teacher_predictions(inputs, asked[t], now));
      done += 2 * asked[t].size();
    }
    return {};
  }

  const Source& expert_of(const AdaptTask& task) const { return plan_.sources.models[plan_.sources.lanes[task.lane]]; }

  Result<> make_guard() {
    if (!settings_.guard) return {};
    std::vector<TaskBatch> watched;
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const OpenTask& task = tasks_[t].open;
      const std::vector<std::size_t> items = watched_items(settings_, task.data->size());
      WOOTZ_TRY(const auto stream,
                ItemStream::open(files_, task, t, info_, items, {corruption_, items.size(), 1}, bad_));
      WOOTZ_TRY(std::optional<TaskBatch> batch, stream->next());
      if (batch) watched.push_back(*std::move(batch));
    }
    guard_.emplace(*settings_.guard, objective_tasks_, std::move(watched), device_);
    return {};
  }

  Result<AdaptReport> learn() {
    LearningLoop loop({files_, settings_, options_, tasks_, objective_tasks_, evaluated_, info_, device_, corruption_,
                       *adapter_, guard_ ? &*guard_ : nullptr, group_, directory_.get(), log_ ? &*log_ : nullptr,
                       bad_});
    WOOTZ_RETURN_IF_ERROR(loop.restore());
    WOOTZ_RETURN_IF_ERROR(loop.run());
    AdaptReport report;
    for (const AdaptTask& task : tasks_) {
      AdaptTaskReport& named = report.tasks.emplace_back();
      named.name = task.open.task.name;
      named.expert = expert_of(task).reference;
      named.classes = task.open.classes;
    }
    loop.report(report);
    report.discarded_other = directory_ != nullptr && directory_->discarded_other();
    report.skipped = bad_.messages();
    return report;
  }

  Result<> write(const AdaptReport& report) {
    WOOTZ_TRY(const std::string directory, directory_->output_directory());
    WriteOptions options;
    options.directory = directory;
    options.comment = comment(report);
    options.threads = options_.threads;
    // Writing is the processor's work.
    options.max_memory = device_.is_cpu() ? std::max(max_memory_, std::uint64_t{1} << 30) : kDefaultMemory;
    options.progress = [this](const Progress& at) { show("merging", at.done, at.total); };
    WOOTZ_RETURN_IF_ERROR(adapter_->write(files_, options));
    WOOTZ_RETURN_IF_ERROR(copy_file(files_, log_->path(), join_path(directory, kLogName)));
    WOOTZ_RETURN_IF_ERROR(write_text_atomically(files_, join_path(directory, kRecipeName), plan_.recipe.text));
    return directory_->publish(options_.overwrite);
  }

  std::string comment(const AdaptReport& report) const {
    const std::string kept =
        report.kept_step == report.steps ? "" : fmt::format(" (the state of step {} is kept)", report.kept_step);
    std::string text = fmt::format("Learned by {} in {} steps{} on the split '{}' of {} task{} ({} is the recipe)",
                                   plan_.recipe.method->name, report.steps, kept, tasks_.front().open.split,
                                   tasks_.size(), tasks_.size() == 1 ? "" : "s", kRecipeName);
    if (settings_.objective.labels > 0) text += ", with labels";
    return text;
  }

  FileSystem& files_;
  AdaptSettings settings_;
  std::string output_;
  const AdaptOptions& options_;
  ProcessGroup& group_;
  BadItems bad_;
  MergePlan plan_;
  at::Device device_ = at::kCPU;
  std::uint64_t max_memory_ = 0;
  std::unique_ptr<Network> network_;
  ModelInfo info_;
  std::optional<Corruption> corruption_;
  std::vector<AdaptTask> tasks_;
  std::vector<ObjectiveTask> objective_tasks_;
  std::vector<OpenTask> evaluated_;
  bool uses_heads_ = true;
  std::unique_ptr<RunDirectory> directory_;
  std::optional<AdaptLog> log_;
  AdapterInputs inputs_;
  std::unique_ptr<Adapter> adapter_;
  std::optional<Guard> guard_;
};

}  // namespace

Result<AdaptReport> adapt(FileSystem& files, MergePlan plan, const std::string& given_output,
                          const AdaptOptions& options, ProcessGroup& group) {
  return AdaptRun(files, std::move(plan), output_path(given_output), options, group).run();
}

}  // namespace wootz
