// wootz plan: what a merge would do, from headers alone.
#include "commands/commands.h"
#include "console.h"
#include "json_output.h"
#include "plan_text.h"
#include "recipe_input.h"

namespace wootz::cli {
namespace {

PlanFindings find_out(FileSystem& files, PlannedMerge& planned, const PlanCommand& command) {
  PlanFindings findings;
  auto schedule = make_schedule(planned.plan, command.input.schedule);
  if (schedule)
    findings.schedule = *schedule;
  else
    planned.diagnostics.error(schedule.error().kind, {}, schedule.error().message);

  if (const MethodSpec& method = *planned.plan.recipe.method; method.learns())
    planned.diagnostics.note(
        fmt::format("'{}' learns from data: this is the merge that it starts from; 'wootz adapt' "
                    "checks tasks and data, and what it writes may be larger",
                    method.name));
  findings.place = command.output.empty() ? "." : command.output;
  if (const auto space = files.free_space(findings.place)) {
    findings.free_space = *space;
    if (*space < planned.plan.output_bytes())
      planned.diagnostics.warning({}, fmt::format("{}: only {} free, but the output takes {}", findings.place,
                                                  format_bytes(*space), format_bytes(planned.plan.output_bytes())));
  }
  return findings;
}

Json models_json(const MergePlan& plan) {
  Json models = Json::array();
  const std::vector<std::size_t> lost = unreached(plan.sources);
  for (std::size_t i = 0; i < plan.sources.models.size(); ++i) {
    const Source& source = plan.sources.models[i];
    std::uint64_t bytes = 0;
    for (const TensorInfo& tensor : source.checkpoint.tensors()) bytes += tensor.bytes;
    models.push_back({{"reference", source.reference},
                      {"path", source.checkpoint.path()},
                      {"base", plan.sources.base == i},
                      {"tensors", source.checkpoint.tensors().size()},
                      {"bytes", bytes},
                      {"unreached_tensors", lost[i]}});
  }
  return models;
}

Json plan_json(const MergePlan& plan, const PlanFindings& findings, const PlanCommand& command) {
  Json steps = Json::array();
  for (const PipelineStep& step : pipeline_steps(plan))
    steps.push_back({{"method", step.method->name},
                     {"kind", step.method->kind == MethodKind::kMerge ? "merge_method" : "transform"},
                     {"whole_model", step.whole_model},
                     {"passes", step.passes},
                     {"parameters", step.parameters}});
  Json shards = Json::array();
  for (const OutputShard& shard : plan.shards())
    shards.push_back({{"name", shard.name}, {"bytes", shard.size}, {"tensors", shard.tensors.size()}});
  Json json = {{"models", models_json(plan)},
               {"pipeline", std::move(steps)},
               {"merged_tensors", plan.merged_tensors.size()},
               {"copied_tensors", plan.tensors.size() - plan.merged_tensors.size()},
               {"output", {{"bytes", plan.output_bytes()}, {"weight_files", std::move(shards)}}}};
  if (const auto& schedule = findings.schedule)
    json["schedule"] = {{"workers", schedule->workers},
                        {"tensors_at_once", schedule->window},
                        {"memory", schedule->memory},
                        {"max_memory", command.input.schedule.max_memory},
                        {"bytes_read", schedule->bytes_read},
                        {"bytes_written", schedule->bytes_written},
                        {"passes", schedule->passes},
                        {"assumed_rate", command.assumed_rate},
                        {"estimated_seconds", json_number(estimated_seconds(*schedule, command.assumed_rate))}};
  json["free_space"] = findings.free_space ? Json(*findings.free_space) : Json(nullptr);
  return json;
}

}  // namespace

Result<int> run(const PlanCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(PlannedMerge planned, plan_recipe(files, command.input));
  std::optional<PlanFindings> findings;
  if (!planned.diagnostics.has_errors()) findings = find_out(files, planned, command);

  const Diagnostics& diagnostics = planned.diagnostics;
  const bool good = !diagnostics.has_errors();
  if (command.json) {
    Json json = {{"ok", good},
                 {"errors", json_diagnostics(diagnostics, Diagnostic::Severity::kError)},
                 {"warnings", json_diagnostics(diagnostics, Diagnostic::Severity::kWarning)},
                 {"notes", json_diagnostics(diagnostics, Diagnostic::Severity::kNote)}};
    if (findings) json.update(plan_json(planned.plan, *findings, command));
    print_json(json);
  } else {
    print_diagnostics(diagnostics);
    if (findings) print_out(plan_text(planned.plan, *findings, command));
  }
  return good ? 0 : exit_code(diagnostics.to_error().kind);
}

}  // namespace wootz::cli
