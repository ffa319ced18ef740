// wootz finetune: makes an expert, or an adapter, from a base model.
#include <CLI/CLI.hpp>

#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "task_options.h"
#include "wootz/finetune/finetune.h"

namespace wootz::cli {
namespace {

struct FinetuneCommand {
  std::string recipe;
  std::string output;
  std::string task;
  ModelOptions model;
  FinetuneOptions options;
  bool quiet = false;
  bool json = false;
};

Json report_json(const FinetuneCommand& command, const FinetuneReport& report) {
  return {{"output", command.output},
          {"steps", report.steps},
          {"resumed_at", report.resumed_at},
          {"trained_values", report.trained},
          {"first_loss", json_number(report.first_loss)},
          {"last_loss", json_number(report.last_loss)},
          {"relative_change", json_number(report.relative_change)},
          {"seconds", report.seconds},
          {"waited_for_data", report.waited},
          {"skipped", report.skipped}};
}

void print_report(const FinetuneCommand& command, const FinetuneReport& report) {
  if (report.resumed_at > 0)
    print_out(fmt::format("went on from step {} of an earlier run\n", format_count(report.resumed_at)));
  print_out(fmt::format("{}: {} trained in {} (in {}); loss {} at first, {} at last; change {:.2f} % of the base\n",
                        command.output, count_of(report.trained, "value"), count_of(report.steps, "step"),
                        format_duration(report.seconds), format_number(report.first_loss),
                        format_number(report.last_loss), 100.0 * report.relative_change));
}

Result<int> run(FinetuneCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(FinetuneRecipe recipe, load_finetune_recipe(files, command.recipe));
  if (!command.task.empty()) recipe.task = command.task;
  command.options.device = command.model.device;
  command.options.threads = command.model.threads;
  command.options.loader_threads = loader_threads(command.model.threads);
  Result<FinetuneReport> report;
  {
    ProgressMeter meter(command.quiet);
    if (const ProgressCallback show = meter.callback())
      command.options.progress = [show](const FinetuneProgress& at) {
        show({"training", at.step, at.steps, at.step, "steps"});
      };
    report = finetune(files, recipe, command.output, command.options);
  }
  if (!report) return tl::unexpected(std::move(report).error());
  if (report->discarded_other)
    print_warning(fmt::format("'{}.wootz-partial' held an unfinished run of something else, which was thrown away",
                              command.output));
  for (const std::string& message : report->skipped) print_warning("left out: " + message);
  if (command.json)
    print_json(report_json(command, *report));
  else if (!command.quiet)
    print_report(command, *report);
  return 0;
}

}  // namespace

RunCommand add_finetune(CLI::App& app) {
  const auto command = std::make_shared<FinetuneCommand>();
  app.add_option("RECIPE", command->recipe, "what to train and how, a YAML file")->required();
  app.add_option("OUT", command->output, "the directory to make; it appears whole, at the end")->required();
  app.add_option("--task", command->task, "the task of the catalogue to train on, instead of the recipe's")
      ->type_name("NAME");
  add_skip_bad_option(app, command->options.skip_bad, /*of_each_task=*/false);
  add_device_option(app, command->model);
  add_threads_option(app, "--threads", command->model.threads);
  add_run_flags(app, command->options.overwrite, command->quiet, command->json);
  app.footer(
      "A run that was stopped, in whatever way, goes on from its last saved state when it is called\n"
      "again with the same recipe. docs/fine_tuning.md describes the recipe.\n"
      "\n"
      "Examples:\n"
      "  wootz finetune expert.yml experts/mnist --task mnist\n"
      "  wootz eval experts/mnist --tasks tasks.yml --task mnist");
  return [command] { return run(*command); };
}

}  // namespace wootz::cli
