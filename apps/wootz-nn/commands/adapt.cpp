// wootz adapt: learns a merge's coefficients from unlabeled data, and merges with them.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "adapt_text.h"
#include "commands/commands.h"
#include "format.h"
#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "recipe_input.h"
#include "task_options.h"
#include "wootz/adapt/adapt.h"
#include "wootz/data/corruption.h"
#include "wootz/nn/process_group.h"
#include "wootz/recipe/change.h"
#include "wootz/recipe/unsupported.h"

namespace wootz::cli {
namespace {

struct AdaptCommand {
  std::string recipe;
  std::string output;
  AdaptChanges changes;
  ModelOptions model;
  AdaptOptions options;
  bool quiet = false;
  bool json = false;
};

Result<> check_recipe(const Recipe& recipe) {
  if (recipe.adapt) return {};
  return fail(
      ErrorKind::kUsage,
      "merge_method '{}' learns nothing from data: run 'wootz merge', or use one of these as 'merge_method': {}",
      recipe.method->name, learning_methods(builtin_methods()));
}

void print_warnings(const AdaptCommand& command, const AdaptReport& report) {
  if (report.discarded_other)
    print_warning(fmt::format("'{}.wootz-partial' held an unfinished run of something else, which was thrown away",
                              command.output));
  for (const std::string& message : report.skipped) print_warning("left out: " + message);
  for (const AdaptTaskReport& task : report.tasks)
    if (task.has_collapsed())
      print_warning(
          fmt::format("'{}': its predictions spread over {:.1f} classes at first and {:.1f} at last: a "
                      "collapse, not a gain. Adapt with 'guard: true'",
                      task.name, task.first_spread, task.last_spread));
}

Result<AdaptReport> run_adapt(FileSystem& files, AdaptCommand& command, MergePlan plan, ProcessGroup& group,
                              ProcessMemory& peak) {
  ProgressMeter meter(command.quiet || !group.is_first());
  const ProgressCallback show = meter.callback();
  command.options.progress = [&](const AdaptProgress& at) {
    const ProcessMemory now = process_memory();
    peak = {now.resident, std::max(peak.anonymous, now.anonymous)};
    if (!show) return;
    const std::string note = at.unit == "steps" ? "loss " + format_number(at.loss) : "";
    show({at.phase, at.done, at.total, at.done, at.unit, note});
  };
  return adapt(files, std::move(plan), command.output, command.options, group);
}

Result<int> run(AdaptCommand& command) {
  FileSystem& files = posix_file_system();
  PlanInput input;
  input.recipe = command.recipe;
  WOOTZ_TRY(PlannedMerge planned, plan_recipe(files, input));
  if (!command.quiet || planned.diagnostics.has_errors()) print_diagnostics(planned.diagnostics);
  if (planned.diagnostics.has_errors()) return exit_code(planned.diagnostics.to_error().kind);
  WOOTZ_RETURN_IF_ERROR(check_recipe(planned.plan.recipe));
  planned.plan.recipe = with_adapt_changes(std::move(planned.plan.recipe), command.changes);
  command.options.device = command.model.device;
  command.options.threads = command.model.threads;
  // Longer than any evaluation that one process does while the others wait.
  WOOTZ_TRY(const std::unique_ptr<ProcessGroup> group, ProcessGroup::from_environment(std::chrono::hours(1)));
  ProcessMemory peak;
  const Result<AdaptReport> report = run_adapt(files, command, std::move(planned.plan), *group, peak);
  if (!report) return tl::unexpected(report.error());
  if (!group->is_first()) return 0;
  print_warnings(command, *report);
  if (command.json)
    print_json(adapt_json(command.output, *report, peak));
  else if (!command.quiet)
    print_out(adapt_text(command.output, *report));
  return 0;
}

void add_overrides(CLI::App& app, AdaptCommand& command) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  app.add_option("--steps", command.changes.steps,
                 "steps to learn, instead of the recipe's; 0 merges with the first values")
      ->type_name("N")
      ->check(whole_number(0, kMost, "a number of steps"));
  app.add_option("--seed", command.changes.seed, "seed of the order of the items, instead of the recipe's")
      ->type_name("N");
  CLI::Option* corruption = app.add_option_function<std::string>(
      "--corruption",
      [&command](const std::string& name) {
        (void)checked("--corruption", parse_corruption(name));
        command.changes.corruption = name;
      },
      "learn from corrupted images; 'wootz eval --help' lists the kinds");
  corruption->type_name("KIND");
  app.add_option("--severity", command.changes.severity, "of the corruption, from 1 to 5 (default 5)")
      ->type_name("N")
      ->check(whole_number(1, 5, "a severity"))
      ->needs(corruption);
}

}  // namespace

RunCommand add_adapt(CLI::App& app) {
  const auto command = std::make_shared<AdaptCommand>();
  app.add_option("RECIPE", command->recipe, "what to merge and how to learn, a YAML file")->required();
  app.add_option("OUT", command->output, "the directory to make; it appears whole, at the end")->required();
  add_overrides(app, *command);
  add_skip_bad_option(app, command->options.skip_bad, /*of_each_task=*/false);
  add_size_option(app, "--max-memory", command->options.max_memory,
                  "memory to keep within (default 2.5GiB; on a GPU its own, four fifths of what is free); a network "
                  "that does not fit is run block by block");
  add_device_option(app, command->model);
  add_threads_option(app, "--threads", command->model.threads);
  add_run_flags(app, command->options.overwrite, command->quiet, command->json);
  app.footer(
      "A run that was stopped, in whatever way, goes on from its last saved state when it is called\n"
      "again with the same recipe. Started by torchrun, or by any launcher that sets RANK, WORLD_SIZE,\n"
      "MASTER_ADDR and MASTER_PORT, the processes share out every batch. docs/adaptation.md describes\n"
      "the recipe.\n"
      "\n"
      "Examples:\n"
      "  wootz adapt adamerging.yml merged\n"
      "  wootz eval merged --tasks tasks.yml\n"
      "  torchrun --no-python --nproc-per-node 2 wootz adapt adamerging.yml merged");
  return [command] { return run(*command); };
}

}  // namespace wootz::cli
