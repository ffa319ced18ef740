// wootz search: a merge's coefficients, found on held-out data.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "commands/commands.h"
#include "console.h"
#include "json_output.h"
#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "recipe_input.h"
#include "search_text.h"
#include "task_options.h"
#include "wootz/search/search.h"
#include "wootz/search/search_json.h"
#include "wootz/search/search_values.h"

namespace wootz::cli {
namespace {

constexpr std::uint64_t kMostEvaluations = 1'000'000;

struct SearchCommand {
  PlanInput input;
  std::string output;
  TaskChoice tasks;
  std::string work_directory;
  SearchOptions options;
  bool json = false;
  bool quiet = false;
};

Result<SearchResult> search_for(SearchCommand& command, const Recipe& recipe) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(const std::vector<Task> tasks, load_tasks(files, command.tasks));
  SearchOptions& options = command.options;
  options.evaluate.loader_threads = loader_threads(options.model.threads);
  if (!command.work_directory.empty())
    options.work_directory = join_path(command.work_directory, file_name(command.output) + ".wootz-work");
  ProgressMeter meter(command.quiet);
  options.progress = meter.callback();
  return search(files, recipe, tasks, command.output, options);
}

Result<int> run(SearchCommand& command) {
  WOOTZ_TRY(const PlannedMerge planned, plan_recipe(posix_file_system(), command.input));
  if (!command.quiet || planned.diagnostics.has_errors()) print_diagnostics(planned.diagnostics);
  if (planned.diagnostics.has_errors()) return exit_code(planned.diagnostics.to_error().kind);
  WOOTZ_RETURN_IF_ERROR(check_static(planned.plan.recipe));
  WOOTZ_TRY(const SearchResult result, search_for(command, planned.plan.recipe));
  if (!command.quiet)
    for (const std::string& message : result.skipped) print_warning("left out: " + message);
  if (command.json)
    print_json(search_json(result, command.output));
  else
    print_out(search_text(result) +
              fmt::format("Output: {}\nNext: wootz merge {} OUT\n", command.output, command.output));
  return 0;
}

void add_data_options(CLI::App& app, SearchCommand& command) {
  EvaluateOptions& evaluate = command.options.evaluate;
  add_task_options(app, command.tasks);
  app.add_option("--split", evaluate.split,
                 "the split to search on (default validation, which is held out of the training data)")
      ->type_name("NAME");
  add_item_options(app, evaluate);
}

void add_search_options(CLI::App& app, SearchOptions& options) {
  app.add_option("--parameter", options.parameter,
                 "what to search for: a number of the method, or of a transform as in ties.density (default lambda, or "
                 "else weight, t or scale)")
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--method",
         [&options](const std::string& text) {
           for (const SearchMethod method : {SearchMethod::kGrid, SearchMethod::kGolden, SearchMethod::kCma})
             if (text == search_method_name(method)) return void(options.method = method);
           throw CLI::ValidationError("--method", fmt::format("'{}' is no method; write grid, golden or cmaes", text));
         },
         "grid (default) and golden find one value for all models, cmaes one for each")
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--grid", [&options](const std::string& text) { options.grid = checked("--grid", parse_grid(text)); },
         "the values of a grid: 0:1:0.1 (the default), or 0.2,0.3,0.5")
      ->type_name("VALUES");
  app.add_option_function<std::string>(
         "--range",
         [&options](const std::string& text) {
           std::tie(options.low, options.high) = checked("--range", parse_range(text));
         },
         "where golden looks (default 0:1), and where cmaes stays (default anywhere)")
      ->type_name("LOW:HIGH");
  app.add_option("--evaluations", options.evaluations, "candidates to evaluate: of golden (default 12) or cmaes (100)")
      ->type_name("N")
      ->check(whole_number(2, kMostEvaluations, "a number of candidates"));
  app.add_option("--seed", options.seed, "of cmaes (default 0): the same seed finds the same")
      ->type_name("N")
      ->check(whole_number(0, UINT64_MAX, "a seed"));
}

void add_resource_options(CLI::App& app, SearchCommand& command) {
  add_batch_size_option(app, command.options.evaluate.batch_size);
  add_device_option(app, command.options.model);
  add_precision_option(app, command.options.model);
  add_threads_option(app, "--threads", command.options.model.threads);
  add_size_option(app, "--max-memory", command.options.max_memory,
                  "memory for merges and data that are kept between candidates (default 4GiB)");
  app.add_option("--work-dir", command.work_directory, "where merges are kept meanwhile (default: beside OUT)")
      ->type_name("DIR");
}

// An option that another method would ignore is a mistake.
Result<> check_options(const CLI::App& app, const SearchOptions& options) {
  const bool grid = options.method == SearchMethod::kGrid;
  for (const char* name : {"--grid", "--range", "--evaluations", "--seed"}) {
    const bool of_grid = std::string_view(name) == "--grid";
    const bool of_cma = std::string_view(name) == "--seed";
    const bool fits = of_cma ? options.method == SearchMethod::kCma : of_grid == grid;
    if (app.count(name) != 0 && !fits)
      return fail(ErrorKind::kUsage, "{} has no effect with --method {}", name, search_method_name(options.method));
  }
  return {};
}

}  // namespace

RunCommand add_search(CLI::App& app) {
  const auto command = std::make_shared<SearchCommand>();
  app.add_option("RECIPE", command->input.recipe, "the recipe of the merge, a YAML file; '-' reads standard input")
      ->required();
  app.add_option("OUT", command->output, "the recipe to write, with what was found")->required();
  add_data_options(app, *command);
  add_search_options(app, command->options);
  add_resource_options(app, *command);
  app.add_flag("--overwrite", command->options.overwrite, "replace OUT");
  app.add_flag("-q,--quiet", command->quiet, "show neither progress nor warnings");
  app.add_flag("--json", command->json, "print the result as JSON");
  app.footer(
      "The best candidate has the highest mean accuracy over the tasks; equal ones are told apart by\n"
      "their mean loss. docs/search.md says how candidates are made without a merge for each.\n"
      "\n"
      "Examples:\n"
      "  wootz search recipe.yml found.yml --tasks tasks.yml\n"
      "  wootz search recipe.yml found.yml --tasks tasks.yml --method golden --range 0:0.6\n"
      "  wootz search recipe.yml found.yml --tasks tasks.yml --method cmaes --evaluations 60");
  return [command, &app]() -> Result<int> {
    WOOTZ_RETURN_IF_ERROR(check_options(app, command->options));
    return run(*command);
  };
}

}  // namespace wootz::cli
