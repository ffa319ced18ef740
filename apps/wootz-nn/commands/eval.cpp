// wootz eval: accuracy of models on tasks.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "commands/commands.h"
#include "console.h"
#include "eval_text.h"
#include "format.h"
#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "task_options.h"
#include "wootz/eval/evaluate_models.h"

namespace wootz::cli {
namespace {

constexpr std::size_t kListedWarnings = 3;

struct EvalCommand {
  std::vector<std::string> models;
  TaskChoice tasks;
  std::vector<CorruptionKind> corruptions;
  std::vector<int> severities = {5};
  std::string earlier_results;
  EvaluateModelsOptions options;
  ResultsDetail detail;
  bool json = false;
  bool quiet = false;
};

void print_skipped(const Results& results) {
  for (const ResultRow& row : results.rows)
    for (const TaskResult& result : row.tasks) {
      if (result.skipped.empty() || &row != &results.rows.front()) continue;  // the same for every model
      print_warning(
          fmt::format("task '{}': {} left out:", result.task, count_of(result.skipped.size(), "damaged item")));
      for (std::size_t i = 0; i < std::min(result.skipped.size(), kListedWarnings); ++i)
        print_warning("  " + result.skipped[i]);
      if (result.skipped.size() > kListedWarnings)
        print_warning(fmt::format("  and {} more; --json lists all", result.skipped.size() - kListedWarnings));
    }
}

Result<Results> evaluate_all(EvalCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(const std::vector<Task> tasks, load_tasks(files, command.tasks));
  EvaluateModelsOptions& options = command.options;
  const std::string directory = parent_path(command.tasks.catalogue);
  options.expert_directory = directory == "." ? "" : directory;
  options.evaluate.loader_threads = loader_threads(options.model.threads);
  for (const CorruptionKind kind : command.corruptions)
    for (const int severity : command.severities) options.corruptions.push_back({kind, severity});
  if (!command.earlier_results.empty()) {
    WOOTZ_TRY(options.earlier, ExpertAccuracies::load(files, command.earlier_results));
  }
  ProgressMeter meter(command.quiet);
  std::function<void(const EvaluateProgress&)> tell;
  if (const ProgressCallback show = meter.callback())
    tell = [show](const EvaluateProgress& at) { show({"evaluating", at.done, at.total, at.done, "items"}); };
  return evaluate_models(files, command.models, tasks, options, tell);
}

Result<int> run(EvalCommand& command) {
  WOOTZ_TRY(const Results results, evaluate_all(command));
  if (!command.quiet) print_skipped(results);
  print_out(command.json ? results_json(results, command.detail)
                         : results_text(results) + (command.detail.per_class ? classes_text(results) : ""));
  return 0;
}

void add_data_options(CLI::App& app, EvalCommand& command) {
  EvaluateOptions& evaluate = command.options.evaluate;
  add_task_options(app, command.tasks);
  app.add_option("--split", evaluate.split, "the split to evaluate on, instead of the catalogue's")->type_name("NAME");
  add_item_options(app, evaluate);
  CLI::Option* corruption =
      app.add_option_function<std::vector<std::string>>(
             "--corruption",
             [&command](const std::vector<std::string>& names) {
               for (const std::string& name : names)
                 command.corruptions.push_back(checked("--corruption", parse_corruption(name)));
             },
             "evaluate on corrupted images too: " + fmt::format("{}", fmt::join(corruption_names(), ", ")))
          ->type_name("A,B")
          ->delimiter(',');
  app.add_option("--severity", command.severities, "of corruption, from 1 to 5 (default 5)")
      ->type_name("N,M")
      ->delimiter(',')
      ->check(whole_number(1, 5, "a severity"))
      ->needs(corruption);
}

void add_output_options(CLI::App& app, EvalCommand& command) {
  CLI::Option* normalized = app.add_flag("--normalized", command.options.experts,
                                         "also give accuracies relative to the catalogue's experts, which are "
                                         "evaluated for that");
  app.add_option("--normalize-by", command.earlier_results,
                 "also give accuracies relative to an earlier --json result: of each task the model whose path ends in "
                 "the task's name, or else the best")
      ->type_name("FILE")
      ->excludes(normalized);
  app.add_flag("--per-class", command.detail.per_class, "also print every class's accuracy");
  app.add_flag("--timing", command.detail.timing, "also give the seconds each task took, in the JSON");
  app.add_option("--save-logits", command.options.logits_directory, "write the logits of every task into a directory")
      ->type_name("DIR");
  app.add_flag("-q,--quiet", command.quiet, "show neither progress nor warnings");
  app.add_flag("--json", command.json, "print the result as JSON");
}

}  // namespace

RunCommand add_eval(CLI::App& app) {
  const auto command = std::make_shared<EvalCommand>();
  app.add_option("MODEL", command->models, "model directories, or Hub names in the local cache")->required();
  add_data_options(app, *command);
  add_batch_size_option(app, command->options.evaluate.batch_size);
  add_device_option(app, command->options.model);
  add_precision_option(app, command->options.model);
  add_threads_option(app, "--threads", command->options.model.threads);
  add_output_options(app, *command);
  app.footer(
      "docs/formats/tasks.md describes the task catalogue, docs/evaluation.md the results.\n"
      "\n"
      "Examples:\n"
      "  wootz eval merged --tasks tasks.yml\n"
      "  wootz eval models/base models/mnist merged --tasks tasks.yml --task mnist --json\n"
      "  wootz eval merged --tasks tasks.yml --corruption motion_blur,contrast --severity 1,3,5");
  return [command] { return run(*command); };
}

}  // namespace wootz::cli
