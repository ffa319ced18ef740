#include "wootz/search/search.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "wootz/engine/plan/open_and_plan.h"
#include "wootz/recipe/change.h"
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

SearchOptions with_defaults(SearchOptions options, const std::string& output) {
  if (options.grid.empty()) options.grid = default_grid();
  if (options.evaluate.split.empty()) options.evaluate.split = "validation";
  if (options.work_directory.empty()) options.work_directory = output + ".wootz-work";
  options.evaluate.corruption.reset();
  return options;
}

Result<> check_output(FileSystem& files, const std::string& output, bool overwrite) {
  if (files.is_directory(output)) return fail(ErrorKind::kUsage, "{} is a directory; name a file", output);
  if (files.exists(output) && !overwrite)
    return fail(ErrorKind::kUsage, "{} exists; choose another name, or pass --overwrite", output);
  return files.create_directories(parent_path(output));
}

/// How candidates are chosen, with all its numbers: the values of a grid, or a search between bounds.
using Strategy = std::variant<std::vector<double>, GoldenOptions, CmaOptions>;

Result<> check_range(const Target& target, double low, double high) {
  if (low >= high) return fail(ErrorKind::kUsage, "the range {} to {} is empty", low, high);
  WOOTZ_RETURN_IF_ERROR(check_value(target, low));
  return check_value(target, high);
}

Result<std::size_t> evaluations_of(const SearchOptions& options, std::size_t by_default, std::size_t least) {
  const std::size_t evaluations = options.evaluations == 0 ? by_default : options.evaluations;
  if (evaluations >= least) return evaluations;
  return fail(ErrorKind::kUsage, "--method {} needs at least {} evaluations here, not {}",
              search_method_name(options.method), least, evaluations);
}

Result<Strategy> choose_strategy(const SearchOptions& options, const Target& target, const MergePlan& plan) {
  if (is_divided_out(plan, target))
    return fail(ErrorKind::kUsage,
                "one weight for all models changes nothing while 'normalize' is true: set 'normalize: false', or "
                "search for a weight of each model with --method cmaes");
  if (options.method == SearchMethod::kGrid) {
    for (const double value : options.grid) WOOTZ_RETURN_IF_ERROR(check_value(target, value));
    return options.grid;
  }
  if (target.spec->type == ParamType::kInteger)
    return fail(ErrorKind::kUsage, "'{}' is a whole number: search for it with --method grid and --grid", target.name);
  if (options.method == SearchMethod::kGolden) {
    GoldenOptions golden;
    golden.low = options.low.value_or(0.0);
    golden.high = options.high.value_or(1.0);
    WOOTZ_RETURN_IF_ERROR(check_range(target, golden.low, golden.high));
    WOOTZ_TRY(golden.evaluations, evaluations_of(options, kGoldenEvaluations, 2));
    return golden;
  }
  CmaOptions cma{target.dimensions(plan.recipe), kFirstMean, kFirstStep};
  cma.low = options.low.value_or(target.spec->minimum);  // without a range it keeps to the parameter's own
  cma.high = options.high.value_or(target.spec->maximum);
  cma.seed = options.seed;
  WOOTZ_RETURN_IF_ERROR(check_range(target, cma.low, cma.high));
  WOOTZ_TRY(cma.evaluations, evaluations_of(options, kCmaEvaluations, cma_population(cma.dimensions) + 2));
  return cma;
}

/// How many candidates there are at most.
std::size_t most_candidates(const Strategy& strategy) {
  if (const auto* grid = std::get_if<std::vector<double>>(&strategy)) return grid->size();
  if (const auto* golden = std::get_if<GoldenOptions>(&strategy)) return golden->evaluations;
  return std::get<CmaOptions>(strategy).evaluations;
}

Result<> ask_for_candidates(const Strategy& strategy, const Objective& objective) {
  if (const auto* grid = std::get_if<std::vector<double>>(&strategy)) return search_grid(*grid, objective);
  if (const auto* golden = std::get_if<GoldenOptions>(&strategy)) return search_golden(*golden, objective);
  return search_cma(std::get<CmaOptions>(strategy), objective);
}

/// The tasks that every candidate is evaluated on.
struct OpenedTasks {
  std::vector<OpenTask> tasks;
  std::vector<std::uint64_t> items;  ///< of each task
  std::uint64_t all_items = 0;
  bool test_labels = false;  ///< whether a task is tested on these items
};

// The donor's network is that of every candidate, so tasks that do not fit it are found before anything is merged.
Result<OpenedTasks> open_tasks(FileSystem& files, const MergePlan& plan, const std::vector<Task>& tasks,
                               const SearchOptions& options) {
  if (tasks.empty()) return fail(ErrorKind::kUsage, "no task is given to search on");
  WOOTZ_TRY(const Model model, Model::load(files, plan.sources.donor().checkpoint.path(), options.model));
  const std::size_t most = options.evaluate.max_items;
  OpenedTasks opened;
  for (const Task& task : tasks) {
    WOOTZ_TRY(OpenTask open, open_task_for(files, task, model.info(), options.evaluate.split));
    const bool held_out_of_test = open.split != "test" && task.held_out.from == task.data.split;
    if (open.split == "test" || open.split == task.data.split || held_out_of_test) opened.test_labels = true;
    opened.items.push_back(most == 0 ? open.data->size() : std::min(open.data->size(), most));
    opened.all_items += opened.items.back();
    opened.tasks.push_back(std::move(open));
  }
  return opened;
}

Result<std::unique_ptr<Candidates>> open_candidates(FileSystem& files, const MergePlan& plan, const Target& target,
                                                    const SearchOptions& options) {
  CandidateOptions candidates;
  candidates.work_directory = options.work_directory;
  candidates.kept_memory = options.max_memory / 2;
  candidates.model = options.model;
  // What a merge moves are bytes, and no part of the search's items.
  if (options.progress)
    candidates.progress = [show = options.progress](Progress progress) {
      progress.moved = 0;
      show(progress);
    };
  return make_candidates(files, plan, target, candidates);
}

/// A candidate, and the damaged items that were left out of its evaluation.
struct Scored {
  Candidate candidate;
  std::vector<std::string> skipped;
};

/// Told the items that are done.
using TellItems = std::function<void(std::uint64_t items)>;

Result<Scored> score_candidate(FileSystem& files, const Model& model, std::span<const double> values,
                               const OpenedTasks& opened, const EvaluateOptions& options, const TellItems& tell) {
  Scored scored{{{values.begin(), values.end()}, {}, {}}, {}};
  Candidate& candidate = scored.candidate;
  const auto share = static_cast<double>(opened.tasks.size());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < opened.tasks.size(); ++i) {
    const OpenTask& task = opened.tasks[i];
    const auto tell_here = [&](std::size_t done, std::size_t) { tell(before + done); };
    WOOTZ_TRY(const Evaluation evaluation, evaluate(files, model, task, options, tell_here));
    before += opened.items[i];
    const Score& score = evaluation.score;
    candidate.tasks.push_back({task.task.name, score.accuracy, score.loss, score.n});
    candidate.mean.accuracy += score.accuracy / share;
    candidate.mean.loss += score.loss / share;
    scored.skipped.insert(scored.skipped.end(), evaluation.skipped.begin(), evaluation.skipped.end());
  }
  return scored;
}

/// What a search has found.
struct Ranking {
  std::vector<Candidate> candidates;  ///< in the order they were evaluated
  std::size_t best = 0;
  std::vector<std::string> skipped;  ///< of the first candidate
};

void add(Ranking& ranking, Scored scored) {
  if (ranking.candidates.empty()) ranking.skipped = std::move(scored.skipped);
  ranking.candidates.push_back(std::move(scored.candidate));
  const Candidate& last = ranking.candidates.back();
  if (is_better(last.mean, ranking.candidates[ranking.best].mean)) ranking.best = ranking.candidates.size() - 1;
}

// "candidate 3 (lambda 0.2)"
std::string name_of(std::size_t number, const Target& target, std::span<const double> values) {
  const std::string name = fmt::format("candidate {}", number);
  return values.size() == 1 ? fmt::format("{} ({} {})", name, target.name, values[0]) : name;
}

Result<Ranking> rank_candidates(FileSystem& files, const Strategy& strategy, const Target& target,
                                const OpenedTasks& opened, Candidates& candidates, const SearchOptions& options) {
  BatchCache cache(options.max_memory - candidates.memory());
  EvaluateOptions evaluating = options.evaluate;
  evaluating.cache = &cache;
  const std::uint64_t total = opened.all_items * most_candidates(strategy);
  Ranking ranking;
  const auto score = [&](std::span<const double> values) -> Result<Scored> {
    const std::uint64_t before = opened.all_items * ranking.candidates.size();
    const TellItems tell = [&](std::uint64_t items) {
      if (options.progress) options.progress({"searching", before + items, total, before + items, "items"});
    };
    WOOTZ_TRY(const Model* model, candidates.get(values));
    return score_candidate(files, *model, values, opened, evaluating, tell);
  };
  WOOTZ_RETURN_IF_ERROR(ask_for_candidates(strategy, [&](std::span<const double> values) -> Result<Quality> {
    Result<Scored> scored = score(values);
    if (!scored)
      return tl::unexpected(std::move(scored).error().within(name_of(ranking.candidates.size() + 1, target, values)));
    add(ranking, *std::move(scored));
    return ranking.candidates.back().mean;
  }));
  return ranking;
}

std::vector<std::string> models_of(const Target& target, const Recipe& recipe) {
  std::vector<std::string> models;
  if (target.per_model)
    for (const std::size_t lane : recipe.lanes()) models.push_back(recipe.models[lane].reference);
  return models;
}

}  // namespace

Result<SearchResult> search(FileSystem& files, const Recipe& recipe, const std::vector<Task>& tasks,
                            const std::string& output, const SearchOptions& given) {
  const auto start = std::chrono::steady_clock::now();
  const SearchOptions options = with_defaults(given, output);
  WOOTZ_RETURN_IF_ERROR(check_output(files, output, options.overwrite));
  WOOTZ_TRY(const Target target, find_target(recipe, options.parameter, options.method == SearchMethod::kCma));
  WOOTZ_TRY(const MergePlan plan, open_and_plan(files, recipe));
  WOOTZ_TRY(const Strategy strategy, choose_strategy(options, target, plan));
  SearchResult result;
  result.parameter = target.name;
  result.models = models_of(target, plan.recipe);
  result.method = options.method;
  result.split = options.evaluate.split;
  {
    WOOTZ_TRY(const OpenedTasks opened, open_tasks(files, plan, tasks, options));
    WOOTZ_TRY(const auto folder, WorkFolder::make(files, options.work_directory));
    WOOTZ_TRY(const auto candidates, open_candidates(files, plan, target, options));
    WOOTZ_TRY(Ranking ranking, rank_candidates(files, strategy, target, opened, *candidates, options));
    result.test_labels = opened.test_labels;
    result.candidates = std::move(ranking.candidates);
    result.best = ranking.best;
    result.skipped = std::move(ranking.skipped);
    result.route = candidates->route();
    result.merges = candidates->merges();
  }
  Recipe best = with_values(plan.recipe, target, result.candidates[result.best].values);
  move_recipe(files, best, output);
  result.recipe = with_written_text(std::move(best), search_comment(result));
  WOOTZ_RETURN_IF_ERROR(write_text_atomically(files, output, result.recipe.text));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace wootz
