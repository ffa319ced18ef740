// wootz merge: plan, merge, say what was done.
#include <algorithm>
#include <chrono>

#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "progress_meter.h"
#include "recipe_input.h"
#include "wootz/engine/output/replaceable.h"
#include "wootz/recipe/coefficients.h"

namespace wootz::cli {
namespace {

// More of a kind than this are counted, not listed.
constexpr std::size_t kListedWarnings = 20;

Result<> check_inputs_kept(FileSystem& files, const MergePlan& plan, const std::string& output) {
  std::vector<std::string> inputs;
  for (const Source& source : plan.sources.models) inputs.push_back(source.checkpoint.directory());
  if (plan.recipe.coefficients) inputs.push_back(parent_path(plan.recipe.coefficients->table->file));
  return check_replaceable(files, output, plan.recipe.file, inputs);
}

std::string finished_text(const MergeReport& report) {
  std::vector<std::string> parts;
  if (report.merged != 0 || report.copied + report.resumed == 0)
    parts.push_back(fmt::format("merged {}", count_of(report.merged, "tensor")));
  if (report.copied != 0) parts.push_back(fmt::format("copied {}", count_of(report.copied, "tensor")));
  if (report.resumed != 0) parts.push_back(fmt::format("found {} finished", count_of(report.resumed, "tensor")));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

std::string summary(const MergeCommand& command, const MergePlan& plan, const MergeReport& report, double seconds) {
  const double moved = static_cast<double>(report.bytes_read + report.bytes_written);
  std::string text = fmt::format("{} in {}", finished_text(report), format_duration(seconds));
  if (moved > 0.0)
    text += fmt::format(": {} read, {} written, {}", format_bytes(report.bytes_read),
                        format_bytes(report.bytes_written), format_rate(moved / seconds));
  text += "\n";
  if (!report.complete) {
    return text + fmt::format(
                      "Part {} of {} is done, {} is not complete yet.\nNext: when all parts are done, the same command "
                      "without --part\n",
                      command.part.number, command.part.count, command.output);
  }
  text += fmt::format("Output: {} ({}, {})\n", command.output, count_of(plan.shards().size(), "weight file"),
                      format_bytes(plan.output_bytes()));
  return text + fmt::format("Next: wootz verify {}\n", command.output);
}

Json summary_json(const MergeCommand& command, const MergePlan& plan, const MergeReport& report, double seconds) {
  return {{"output", command.output},
          {"complete", report.complete},
          {"part", {{"number", command.part.number}, {"count", command.part.count}}},
          {"merged", report.merged},
          {"copied", report.copied},
          {"resumed", report.resumed},
          {"weight_files", plan.shards().size()},
          {"output_bytes", plan.output_bytes()},
          {"bytes_read", report.bytes_read},
          {"bytes_written", report.bytes_written},
          {"seconds", json_number(seconds)},
          {"warnings", report.warnings}};
}

void print_warnings(const MergeCommand& command, const MergeReport& report) {
  if (command.quiet) return;
  if (report.discarded_other)
    print_warning(fmt::format("an unfinished merge of something else was in {}.wootz-partial, and was discarded",
                              command.output));
  const std::size_t listed = std::min(report.warnings.size(), kListedWarnings);
  for (std::size_t i = 0; i < listed; ++i) print_warning(report.warnings[i]);
  if (listed < report.warnings.size())
    print_warning(fmt::format("{} more of the kind; the manifest has all", report.warnings.size() - listed));
}

void print_schedule(const Schedule& schedule) {
  print_err(fmt::format("wootz: {}, {} at once, about {} of memory, {:.1f} readings of the inputs\n",
                        count_of(schedule.workers, "worker"), count_of(schedule.window, "tensor"),
                        format_bytes(schedule.memory), schedule.passes));
}

}  // namespace

Result<int> run(const MergeCommand& command) {
  FileSystem& files = posix_file_system();
  const auto start = std::chrono::steady_clock::now();
  if (!command.quiet)
    for (const std::string& warning : command.warnings) print_warning(warning);
  WOOTZ_TRY(const PlannedMerge planned, plan_recipe(files, command.input));
  if (!command.quiet || planned.diagnostics.has_errors()) print_diagnostics(planned.diagnostics);
  if (planned.diagnostics.has_errors()) return exit_code(planned.diagnostics.to_error().kind);
  WOOTZ_RETURN_IF_ERROR(check_static(planned.plan.recipe));
  if (command.overwrite) WOOTZ_RETURN_IF_ERROR(check_inputs_kept(files, planned.plan, command.output));
  if (command.verbose && !command.quiet) {
    WOOTZ_TRY(const Schedule schedule, make_schedule(planned.plan, command.input.schedule));
    print_schedule(schedule);
  }

  MergeOptions options;
  options.schedule = command.input.schedule;
  options.part = command.part;
  options.overwrite = command.overwrite;
  options.sync = command.sync;
  Result<MergeReport> report;
  {
    ProgressMeter meter(command.quiet);
    options.progress = meter.callback();
    report = run_merge(files, planned.plan, command.output, options);
  }
  if (!report) return tl::unexpected(std::move(report).error());
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  print_warnings(command, *report);
  if (command.json)
    print_json(summary_json(command, planned.plan, *report, passed.count()));
  else if (!command.quiet)
    print_out(summary(command, planned.plan, *report, passed.count()));
  return 0;
}

}  // namespace wootz::cli
