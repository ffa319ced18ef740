#include "wootz/search/search.h"

#include <algorithm>
#include <chrono>

#include "wootz/core/check.h"
#include "wootz/engine/open_and_plan.h"
#include "wootz/recipe/write_recipe.h"
#include "wootz/search/move_recipe.h"

namespace wootz {
namespace {

constexpr std::size_t kGoldenEvaluations = 12;
constexpr std::size_t kCmaEvaluations = 100;
constexpr double kFirstMean = 0.3;  // what papers take for eight tasks
constexpr double kFirstStep = 0.2;

/// A folder that is there as long as the object. What an earlier run left in it is removed.
class WorkFolder {
 public:
  static Result<std::unique_ptr<WorkFolder>> make(FileSystem& files, const std::string& path) {
    auto folder = std::unique_ptr<WorkFolder>(new WorkFolder(files, path));
    WOOTZ_RETURN_IF_ERROR(files.remove_all(path));
    WOOTZ_RETURN_IF_ERROR(files.create_directories(path));
    return folder;
  }
  ~WorkFolder() { (void)files_.remove_all(path_); }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

 private:
  WorkFolder(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  FileSystem& files_;
  std::string path_;
};

std::vector<double> default_grid() {
  std::vector<double> values;
  for (int i = 0; i <= 10; ++i) values.push_back(i / 10.0);
  return values;
}

class Searcher {
 public:
  Searcher(FileSystem& files, const std::vector<Task>& tasks, const std::string& output, const SearchOptions& options)
      : files_(files), tasks_(tasks), output_(output), options_(options), cache_(0) {
    if (options_.grid.empty()) options_.grid = default_grid();
    if (options_.evaluate.split.empty()) options_.evaluate.split = "validation";
    if (options_.work_directory.empty()) options_.work_directory = output + ".wootz-work";
    options_.evaluate.corruption.reset();
  }

  Result<SearchResult> run(const Recipe& recipe) {
    const auto start = std::chrono::steady_clock::now();
    WOOTZ_RETURN_IF_ERROR(check_output());
    WOOTZ_TRY(target_, find_target(recipe, options_.parameter, options_.method == SearchMethod::kCma));
    WOOTZ_TRY(plan_, open_and_plan(files_, recipe));
    WOOTZ_RETURN_IF_ERROR(check_search());
    describe();
    {
      WOOTZ_RETURN_IF_ERROR(open_tasks());
      WOOTZ_TRY(const auto folder, WorkFolder::make(files_, options_.work_directory));
      WOOTZ_RETURN_IF_ERROR(prepare());
      WOOTZ_RETURN_IF_ERROR(search());
      result_.merges = candidates_->merges();
      candidates_.reset();
    }
    WOOTZ_RETURN_IF_ERROR(write());
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  Result<> check_output() {
    if (files_.is_directory(output_)) return fail(ErrorKind::kUsage, "{} is a directory; name a file", output_);
    if (files_.exists(output_) && !options_.overwrite)
      return fail(ErrorKind::kUsage, "{} exists; choose another name, or pass --overwrite", output_);
    if (tasks_.empty()) return fail(ErrorKind::kUsage, "no task is given to search on");
    return files_.create_directories(parent_path(output_));
  }

  Result<> check_search() {
    if (is_divided_out(plan_, target_))
      return fail(ErrorKind::kUsage,
                  "one weight for all models changes nothing while 'normalize' is true: set 'normalize: false', or "
                  "search for a weight of each model with --method cmaes");
    if (options_.method == SearchMethod::kGrid) {
      for (const double value : options_.grid) WOOTZ_RETURN_IF_ERROR(check_value(target_, value));
      return {};
    }
    if (target_.spec->type == ParamType::kInteger)
      return fail(ErrorKind::kUsage, "'{}' is a whole number: search for it with --method grid and --grid",
                  target_.name);
    WOOTZ_RETURN_IF_ERROR(check_range());
    return check_evaluations();
  }

  // Golden section needs a range; CMA-ES keeps to the parameter's own where none is given.
  Result<> check_range() {
    const bool golden = options_.method == SearchMethod::kGolden;
    if (!options_.low) options_.low = golden ? 0.0 : target_.spec->minimum;
    if (!options_.high) options_.high = golden ? 1.0 : target_.spec->maximum;
    if (*options_.low >= *options_.high)
      return fail(ErrorKind::kUsage, "the range {} to {} is empty", *options_.low, *options_.high);
    WOOTZ_RETURN_IF_ERROR(check_value(target_, *options_.low));
    return check_value(target_, *options_.high);
  }

  Result<> check_evaluations() {
    const bool golden = options_.method == SearchMethod::kGolden;
    if (options_.evaluations == 0) options_.evaluations = golden ? kGoldenEvaluations : kCmaEvaluations;
    const std::size_t least = golden ? 2 : cma_population(target_.dimensions(plan_.recipe)) + 2;
    if (options_.evaluations >= least) return {};
    return fail(ErrorKind::kUsage, "--method {} needs at least {} evaluations here, not {}",
                search_method_name(options_.method), least, options_.evaluations);
  }

  void describe() {
    result_.parameter = target_.name;
    result_.method = options_.method;
    result_.split = options_.evaluate.split;
    if (target_.per_model)
      for (const std::size_t lane : plan_.recipe.lanes()) result_.models.push_back(plan_.recipe.models[lane].reference);
  }

  Result<> prepare() {
    CandidateOptions candidates;
    candidates.work_directory = options_.work_directory;
    candidates.kept_memory = options_.max_memory / 2;
    candidates.model = options_.model;
    // What a merge moves are bytes, and no part of the search's items.
    if (options_.progress)
      candidates.progress = [this](Progress progress) {
        progress.moved = 0;
        options_.progress(progress);
      };
    WOOTZ_TRY(candidates_, make_candidates(files_, plan_, target_, candidates));
    result_.route = candidates_->route();
    cache_ = BatchCache(options_.max_memory - candidates_->memory());
    options_.evaluate.cache = &cache_;
    return {};
  }

  Result<> search() {
    const bool grid = options_.method == SearchMethod::kGrid;
    total_ = items_ * (grid ? options_.grid.size() : options_.evaluations);
    const Objective objective = [this](std::span<const double> values) { return evaluate_candidate(values); };
    switch (options_.method) {
      case SearchMethod::kGrid:
        return search_grid(options_.grid, objective);
      case SearchMethod::kGolden:
        return search_golden({*options_.low, *options_.high, options_.evaluations}, objective);
      case SearchMethod::kCma:
        return search_cma({target_.dimensions(plan_.recipe), kFirstMean, kFirstStep, *options_.low, *options_.high,
                           options_.evaluations, options_.seed},
                          objective);
    }
    return {};
  }

  Result<Quality> evaluate_candidate(std::span<const double> values) {
    auto scored = score_candidate(values);
    if (!scored) return tl::unexpected(std::move(scored).error().within(named(values)));
    const bool first = result_.candidates.empty();
    result_.candidates.push_back(*std::move(scored));
    const Candidate& candidate = result_.candidates.back();
    if (first || is_better(candidate.mean, result_.candidates[result_.best].mean))
      result_.best = result_.candidates.size() - 1;
    return candidate.mean;
  }

  // "candidate 3 (lambda 0.2)"
  std::string named(std::span<const double> values) const {
    const std::string number = fmt::format("candidate {}", result_.candidates.size() + 1);
    return values.size() == 1 ? fmt::format("{} ({} {})", number, target_.name, values[0]) : number;
  }

  Result<Candidate> score_candidate(std::span<const double> values) {
    WOOTZ_TRY(const Model* model, candidates_->get(values));
    Candidate candidate{{values.begin(), values.end()}, {}, {}};
    for (const OpenTask& task : open_) {
      const std::uint64_t before = done_;
      const auto tell = [&](std::size_t done, std::size_t) { show(before + done); };
      WOOTZ_TRY(const Evaluation evaluation, evaluate(files_, *model, task, options_.evaluate, tell));
      done_ = before + items_of(task);
      const Score& score = evaluation.score;
      candidate.tasks.push_back({task.task.name, score.accuracy, score.loss, score.n});
      candidate.mean.accuracy += score.accuracy / static_cast<double>(open_.size());
      candidate.mean.loss += score.loss / static_cast<double>(open_.size());
      if (result_.candidates.empty())
        result_.skipped.insert(result_.skipped.end(), evaluation.skipped.begin(), evaluation.skipped.end());
    }
    return candidate;
  }

  // Before anything is merged: the donor's network is that of every candidate.
  Result<> open_tasks() {
    const std::string& donor = plan_.sources.donor().checkpoint.path();
    WOOTZ_TRY(const Model model, Model::load(files_, donor, options_.model));
    for (const Task& task : tasks_) {
      WOOTZ_TRY(OpenTask open, open_task_for(files_, task, model.info(), options_.evaluate.split));
      const bool held_out_of_test = open.split != "test" && task.held_out.from == task.data.split;
      if (open.split == "test" || open.split == task.data.split || held_out_of_test) result_.test_labels = true;
      items_ += items_of(open);
      open_.push_back(std::move(open));
    }
    return {};
  }

  std::size_t items_of(const OpenTask& task) const {
    const std::size_t most = options_.evaluate.max_items;
    return most == 0 ? task.data->size() : std::min(task.data->size(), most);
  }

  void show(std::uint64_t done) const {
    if (options_.progress) options_.progress({"searching", done, total_, done, "items"});
  }

  Result<> write() {
    result_.recipe = with_values(plan_.recipe, target_, result_.candidates[result_.best].values);
    move_recipe(files_, result_.recipe, output_);
    result_.recipe.text = write_recipe(result_.recipe, search_comment(result_));
    const ParsedRecipe again = parse_recipe(result_.recipe.text, output_, builtin_methods());
    if (again.diagnostics.has_errors()) return tl::unexpected(again.diagnostics.to_error());
    return write_text_atomically(files_, output_, result_.recipe.text);
  }

  FileSystem& files_;
  const std::vector<Task>& tasks_;
  std::string output_;
  SearchOptions options_;
  Target target_;
  MergePlan plan_;
  BatchCache cache_;
  std::unique_ptr<Candidates> candidates_;
  std::vector<OpenTask> open_;
  std::uint64_t items_ = 0;  ///< of a candidate
  std::uint64_t done_ = 0;   ///< items, of all candidates so far
  std::uint64_t total_ = 0;  ///< items, of all candidates there may be
  SearchResult result_;
};

}  // namespace

Result<SearchResult> search(FileSystem& files, const Recipe& recipe, const std::vector<Task>& tasks,
                            const std::string& output, const SearchOptions& options) {
  return Searcher(files, tasks, output, options).run(recipe);
}

}  // namespace wootz
