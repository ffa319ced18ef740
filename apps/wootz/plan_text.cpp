#include "plan_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "format.h"
#include "method_text.h"
#include "table.h"

namespace wootz::cli {
namespace {

// More of a kind than this are counted, not listed.
constexpr std::size_t kListed = 8;

std::string decimal_rate(std::uint64_t rate) {
  if (rate >= 1'000'000'000) return fmt::format("{:.4g} GB/s", static_cast<double>(rate) / 1e9);
  return fmt::format("{:.4g} MB/s", static_cast<double>(rate) / 1e6);
}

std::string value_text(const ParamSpec& spec, double value) {
  if (spec.type == ParamType::kFlag) return value != 0.0 ? "true" : "false";
  if (spec.type == ParamType::kChoice) return spec.choices[static_cast<std::size_t>(value)];
  return format_number(value);
}

double value_of(const ParamSpec& spec, const ParamSet& params, std::size_t model) {
  if (spec.type == ParamType::kFlag) return params.flag(spec.name) ? 1.0 : 0.0;
  if (spec.type == ParamType::kChoice)
    return static_cast<double>(std::find(spec.choices.begin(), spec.choices.end(), params.choice(spec.name)) -
                               spec.choices.begin());
  return params.of_model(spec.name, model);
}

// "0.3", or "0 to 1" where tensors differ.
std::string range_text(const ParamSpec& spec, const std::vector<const TensorContext*>& contexts, std::size_t model) {
  std::set<double> values;
  for (const TensorContext* context : contexts) values.insert(value_of(spec, context->params, model));
  if (values.size() == 1) return value_text(spec, *values.begin());
  return fmt::format("{} to {}", value_text(spec, *values.begin()), value_text(spec, *values.rbegin()));
}

std::string parameters_text(const MethodSpec& method, const std::vector<const TensorContext*>& contexts) {
  if (contexts.empty()) return "";
  std::vector<std::string> texts;
  for (const ParamSpec& spec : method.parameters) {
    const std::size_t models = spec.scope == ParamScope::kModel ? contexts.front()->models : 1;
    std::vector<std::string> values;
    for (std::size_t model = 0; model < models; ++model) values.push_back(range_text(spec, contexts, model));
    if (std::all_of(values.begin(), values.end(), [&](const std::string& value) { return value == values.front(); }))
      values.resize(1);
    if (values.size() == 1 && values.front() == default_text(spec)) continue;
    texts.push_back(fmt::format("{} {}", spec.name, fmt::join(values, " / ")));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string step_text(const PipelineStep& step) {
  std::string text = fmt::format("{} ({})", step.method->title, step.method->name);
  text += step.whole_model ? ", over the whole model" : ", tensor by tensor";
  if (step.granularity == Granularity::kRow) text += " in whole rows";
  if (step.granularity == Granularity::kMatrix) text += ", matrices as a whole";
  if (step.passes > 0.0)
    text += fmt::format("; reads the inputs {} before the merge",
                        step.passes == 1.0 ? std::string("once") : fmt::format("{:.4g} times", step.passes));
  return text;
}

std::string dtypes_text(const std::set<Dtype>& dtypes) {
  std::vector<std::string_view> names;
  for (Dtype dtype : dtypes) names.push_back(dtype_name(dtype));
  return fmt::format("{}", fmt::join(names, " "));
}

std::string models_table(const MergePlan& plan) {
  const std::vector<std::size_t> lost = unreached(plan.sources);
  Table table;
  table.add_column("model", Table::Align::kLeft);
  table.add_column("role", Table::Align::kLeft);
  for (const char* header : {"tensors", "size"}) table.add_column(header);
  table.add_column("dtype", Table::Align::kLeft);
  table.add_column(std::any_of(lost.begin(), lost.end(), [](std::size_t n) { return n != 0; }) ? "lost" : "");
  for (std::size_t i = 0; i < plan.sources.models.size(); ++i) {
    const Source& source = plan.sources.models[i];
    std::uint64_t bytes = 0;
    std::set<Dtype> dtypes;
    for (const TensorInfo& tensor : source.checkpoint.tensors()) {
      bytes += tensor.bytes;
      dtypes.insert(tensor.dtype);
    }
    const bool lane = std::find(plan.sources.lanes.begin(), plan.sources.lanes.end(), i) != plan.sources.lanes.end();
    std::string role = plan.sources.base == i ? "base" : "merged";
    if (plan.sources.base == i && lane) role = "base, merged";
    if (plan.sources.base != i && !lane) role = "unused";
    table.add_row({source.reference, role, format_count(source.checkpoint.tensors().size()), format_bytes(bytes),
                   dtypes_text(dtypes), lost[i] == 0 ? "" : format_count(lost[i])});
  }
  return table.text(2);
}

std::string coverage_text(const MergePlan& plan) {
  std::vector<std::string> copied;
  for (const PlannedTensor& tensor : plan.tensors)
    if (!tensor.merged) copied.push_back(tensor.name);
  std::string text = fmt::format("{} merged", format_count(plan.merged_tensors.size()));
  if (copied.empty()) return text + ", which is all of them";
  const std::size_t listed = std::min(copied.size(), kListed);
  text += fmt::format(", {} copied (not floating point): {}", format_count(copied.size()),
                      fmt::join(copied.begin(), copied.begin() + static_cast<std::ptrdiff_t>(listed), ", "));
  if (listed < copied.size()) text += fmt::format(" and {} more", copied.size() - listed);
  return text;
}

std::string output_text(const MergePlan& plan) {
  std::set<Dtype> dtypes;
  for (const PlannedTensor& tensor : plan.tensors) dtypes.insert(tensor.dtype);
  std::string text = fmt::format("{} in {}, {}\n", format_bytes(plan.output_bytes()),
                                 count_of(plan.shards().size(), "file"), dtypes_text(dtypes));
  if (plan.shards().size() == 1) return text;
  Table table;
  table.add_column("", Table::Align::kLeft);
  table.add_column("");
  table.add_column("");
  const auto add_shard = [&](const OutputShard& shard) {
    table.add_row({shard.name, format_bytes(shard.size), count_of(shard.tensors.size(), "tensor")});
  };
  // The middle of a long list says nothing new.
  if (plan.shards().size() <= kListed) {
    for (const OutputShard& shard : plan.shards()) add_shard(shard);
  } else {
    for (std::size_t i = 0; i + 1 < kListed - 1; ++i) add_shard(plan.shards()[i]);
    table.add_row({"...", "", ""});
    add_shard(plan.shards().back());
  }
  return text + table.text(11);
}

std::string cost_text(const PlanFindings& findings, const PlanCommand& command, std::uint64_t needed) {
  std::string text;
  if (findings.schedule) {
    const Schedule& schedule = *findings.schedule;
    text += fmt::format("Memory     about {} with {} (allowed: {})\n", format_bytes(schedule.memory),
                        count_of(schedule.workers, "worker"), format_bytes(command.input.schedule.max_memory));
    text += fmt::format("Traffic    {} read, in {:.3g} reading{} of the inputs; {} written\n",
                        format_bytes(schedule.bytes_read), schedule.passes, schedule.passes == 1.0 ? "" : "s",
                        format_bytes(schedule.bytes_written));
    text += fmt::format("Time       {} if {} are read and written (an assumption; --assume-rate sets it)\n",
                        format_duration(estimated_seconds(schedule, command.assumed_rate)),
                        decimal_rate(command.assumed_rate));
  }
  text += fmt::format("Disk       {} needed", format_bytes(needed));
  if (findings.free_space) text += fmt::format(", {} free at {}", format_bytes(*findings.free_space), findings.place);
  return text + "\n";
}

}  // namespace

std::vector<PipelineStep> pipeline_steps(const MergePlan& plan) {
  std::vector<PipelineStep> steps(plan.groups());
  for (std::size_t group = 0; group < steps.size(); ++group) {
    const Recipe& recipe = plan.recipe;
    steps[group].method = group < plan.method_group()    ? recipe.transforms[group].method
                          : group == plan.method_group() ? recipe.method
                                                         : recipe.updates[group - plan.method_group() - 1].method;
    steps[group].parameters = parameters_text(*steps[group].method, plan.contexts(group));
  }
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    PipelineStep& step = steps[plan.stages[i].group];
    step.whole_model = step.whole_model || plan.stages[i].whole_model;
    double passes = 0.0;
    for (const std::size_t index : plan.merged_tensors) {
      const StageNeeds& needs = plan.tensors[index].needs[i];
      step.granularity = std::max(step.granularity, needs.granularity);
      passes = std::max(passes, needs.passes);
    }
    step.passes += passes;
  }
  return steps;
}

std::vector<std::size_t> unreached(const Sources& sources) {
  std::vector<std::size_t> counts;
  const Checkpoint& donor = sources.donor().checkpoint;
  for (const Source& source : sources.models)
    counts.push_back(static_cast<std::size_t>(
        std::count_if(source.checkpoint.tensors().begin(), source.checkpoint.tensors().end(),
                      [&](const TensorInfo& tensor) { return donor.find(tensor.name) == nullptr; })));
  return counts;
}

double estimated_seconds(const Schedule& schedule, std::uint64_t rate) {
  return static_cast<double>(schedule.bytes_read + schedule.bytes_written) / static_cast<double>(rate);
}

std::string plan_text(const MergePlan& plan, const PlanFindings& findings, const PlanCommand& command) {
  std::string text = "Models\n" + models_table(plan);
  text += "\nPipeline\n";
  const std::vector<PipelineStep> steps = pipeline_steps(plan);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += fmt::format("  {}. {}\n", i + 1, step_text(steps[i]));
    if (!steps[i].parameters.empty()) text += fmt::format("     {}\n", steps[i].parameters);
  }
  text += fmt::format("\nTensors    {}\n", coverage_text(plan));
  text += fmt::format("Output     {}", output_text(plan));
  return text + cost_text(findings, command, plan.output_bytes());
}

}  // namespace wootz::cli
