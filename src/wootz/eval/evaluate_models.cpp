#include "wootz/eval/evaluate_models.h"

#include <algorithm>
#include <set>

#include "wootz/eval/save_logits.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

using Conditions = std::vector<std::optional<Corruption>>;

// A model to run, on all tasks or, as an expert that is not in the table, on its own.
struct ModelRun {
  std::string reference;
  std::string path;
  std::vector<std::size_t> tasks;  ///< ascending
  bool shown = true;
};

class TableRunner {
 public:
  TableRunner(FileSystem& files, const std::vector<std::string>& models, const std::vector<Task>& tasks,
              const EvaluateModelsOptions& options, const std::function<void(const EvaluateProgress&)>& progress)
      : files_(files),
        models_(models),
        tasks_(tasks),
        options_(options),
        progress_(progress),
        cache_(options.cache_bytes) {
    conditions_.emplace_back();
    for (const Corruption& corruption : options.corruptions) conditions_.emplace_back(corruption);
    if (options.earlier) experts_ = *options.earlier;
  }

  Result<Results> run() {
    WOOTZ_RETURN_IF_ERROR(plan());
    Results results;
    results.precision = options_.model.precision == Precision::kFloat32 ? "float32" : "bfloat16";
    open_.resize(tasks_.size());
    for (const ModelRun& planned : runs_) WOOTZ_RETURN_IF_ERROR(run_model(planned, results));
    if (options_.experts || options_.earlier) normalize(results, experts_);
    return results;
  }

 private:
  Result<> plan() {
    WOOTZ_RETURN_IF_ERROR(check_names());
    for (const std::string& model : models_) {
      ModelRun run;
      run.reference = model;
      WOOTZ_TRY(run.path, locate_model(files_, model, ""));
      for (std::size_t task = 0; task < tasks_.size(); ++task) run.tasks.push_back(task);
      runs_.push_back(std::move(run));
    }
    if (options_.experts) WOOTZ_RETURN_IF_ERROR(plan_experts());
    if (options_.earlier) WOOTZ_RETURN_IF_ERROR(check_earlier());
    return {};
  }

  // Two models whose logits would go to one file.
  Result<> check_names() const {
    std::set<std::string> paths;
    if (options_.logits_directory.empty() || tasks_.empty()) return {};
    for (const std::string& model : models_) {
      const std::string path =
          logits_path(options_.logits_directory, models_, model, tasks_.front().name, std::nullopt);
      if (!paths.insert(path).second)
        return fail(ErrorKind::kUsage, "the logits of two models would be saved as '{}': evaluate them one by one",
                    path);
    }
    return {};
  }

  Result<> plan_experts() {
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
      if (tasks_[task].expert.empty())
        return fail(ErrorKind::kUsage, "task '{}' has no 'expert' in the task catalogue to normalize by",
                    tasks_[task].name);
      WOOTZ_TRY(const std::string path, locate_model(files_, tasks_[task].expert, options_.expert_directory));
      expert_paths_.push_back(path);
      auto run = std::find_if(runs_.begin(), runs_.end(),
                              [&](const ModelRun& other) { return same_directory(other.path, path); });
      if (run == runs_.end()) run = runs_.insert(run, {tasks_[task].expert, path, {}, false});
      if (!run->shown) run->tasks.push_back(task);
    }
    return {};
  }

  Result<> check_earlier() const {
    for (const Task& task : tasks_)
      if (!options_.earlier->find(task.name, std::nullopt))
        return fail(ErrorKind::kInput, "the earlier results have none of task '{}' to normalize by", task.name);
    return {};
  }

  static bool same_directory(std::string_view a, std::string_view b) {
    while (a.size() > 1 && a.ends_with('/')) a.remove_suffix(1);
    while (b.size() > 1 && b.ends_with('/')) b.remove_suffix(1);
    while (a.starts_with("./")) a.remove_prefix(2);
    while (b.starts_with("./")) b.remove_prefix(2);
    return a == b;
  }

  Result<> run_model(const ModelRun& run, Results& results) {
    WOOTZ_TRY(const Model model, Model::load(files_, run.path, options_.model));
    for (const std::size_t task : run.tasks) WOOTZ_RETURN_IF_ERROR(open(task, model.info()));
    if (total_ == 0) count_items();
    for (const std::optional<Corruption>& condition : conditions_) {
      ResultRow row{run.reference, condition, {}};
      for (const std::size_t task : run.tasks) {
        WOOTZ_TRY(TaskResult result, run_task(run, model, task, condition));
        if (options_.experts && same_directory(run.path, expert_paths_[task]))
          experts_.set(tasks_[task].name, condition, result.score.accuracy);
        row.tasks.push_back(std::move(result));
      }
      if (run.shown) results.rows.push_back(std::move(row));
    }
    return {};
  }

  Result<> open(std::size_t task, const ModelInfo& model) {
    std::optional<OpenTask>& open = open_[task];
    auto opened =
        open ? reopen_for(files_, *open, model) : open_task_for(files_, tasks_[task], model, options_.evaluate.split);
    if (!opened) return tl::unexpected(std::move(opened).error());
    open = *std::move(opened);
    return {};
  }

  void count_items() {
    for (const ModelRun& run : runs_)
      for (const std::size_t task : run.tasks) total_ += items_of(task) * conditions_.size();
  }

  std::size_t items_of(std::size_t task) const {
    if (!open_[task]) return 0;
    const std::size_t size = open_[task]->data->size();
    return options_.evaluate.max_items == 0 ? size : std::min(size, options_.evaluate.max_items);
  }

  Result<TaskResult> run_task(const ModelRun& run, const Model& model, std::size_t task,
                              const std::optional<Corruption>& condition) {
    const OpenTask& open = *open_[task];
    EvaluateOptions evaluating = options_.evaluate;
    evaluating.corruption = condition;
    evaluating.cache = runs_.size() > 1 ? &cache_ : nullptr;
    const auto tell = [&](std::size_t done, std::size_t) {
      if (progress_) progress_({run.reference, tasks_[task].name, done_ + done, total_});
    };
    WOOTZ_TRY(const Evaluation evaluation, evaluate(files_, model, open, evaluating, tell));
    done_ += items_of(task);
    if (run.shown && !options_.logits_directory.empty()) {
      const std::string path =
          logits_path(options_.logits_directory, models_, run.reference, tasks_[task].name, condition);
      WOOTZ_RETURN_IF_ERROR(save_logits(files_, path, evaluation, open.classes, logits_metadata(run, open, condition)));
    }
    return TaskResult{tasks_[task].name,  open.split,   evaluation.score,   open.class_names,
                      evaluation.skipped, std::nullopt, evaluation.seconds, evaluation.waited};
  }

  static std::map<std::string, std::string> logits_metadata(const ModelRun& run, const OpenTask& open,
                                                            const std::optional<Corruption>& condition) {
    std::map<std::string, std::string> metadata = {
        {"model", run.reference}, {"task", open.task.name}, {"split", open.split}};
    if (condition) {
      metadata["corruption"] = corruption_name(condition->kind);
      metadata["severity"] = std::to_string(condition->severity);
    }
    return metadata;
  }

  FileSystem& files_;
  const std::vector<std::string>& models_;
  const std::vector<Task>& tasks_;
  const EvaluateModelsOptions& options_;
  const std::function<void(const EvaluateProgress&)>& progress_;
  BatchCache cache_;
  Conditions conditions_;
  std::vector<ModelRun> runs_;
  std::vector<std::string> expert_paths_;      ///< of each task
  std::vector<std::optional<OpenTask>> open_;  ///< as the model at work needs them
  ExpertAccuracies experts_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<Results> evaluate_models(FileSystem& files, const std::vector<std::string>& models,
                                const std::vector<Task>& tasks, const EvaluateModelsOptions& options,
                                const std::function<void(const EvaluateProgress&)>& progress) {
  return TableRunner(files, models, tasks, options, progress).run();
}

std::string logits_path(const std::string& directory, const std::vector<std::string>& models, const std::string& model,
                        const std::string& task, const std::optional<Corruption>& corruption) {
  const std::string folder = models.size() == 1 ? directory : join_path(directory, file_name(model));
  const std::string condition =
      corruption ? fmt::format(".{}-{}", corruption_name(corruption->kind), corruption->severity) : "";
  return join_path(folder, fmt::format("{}{}.safetensors", task, condition));
}

}  // namespace wootz
