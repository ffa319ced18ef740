// A plan in words.
#pragma once

#include <optional>
#include <string>

#include "commands/commands.h"

namespace wootz::cli {

/// What `wootz plan` found out beside the plan itself.
struct PlanFindings {
  std::optional<Schedule> schedule;         ///< none: it does not fit
  std::optional<std::uint64_t> free_space;  ///< none: not known
  std::string place;                        ///< where free_space was looked at
};

/// One parameter group of the pipeline: a transform of the recipe, or the merge method.
struct PipelineStep {
  const MethodSpec* method = nullptr;
  bool whole_model = false;  ///< looks at the whole model at once
  Granularity granularity = Granularity::kElement;
  double passes = 0.0;     ///< readings of the inputs before the merge itself
  std::string parameters;  ///< "density 0.2, weight 0.3": what is not the default
};
std::vector<PipelineStep> pipeline_steps(const MergePlan& plan);

/// Tensors of each source that do not reach the output, by source.
std::vector<std::size_t> unreached(const Sources& sources);

double estimated_seconds(const Schedule& schedule, std::uint64_t rate);

std::string plan_text(const MergePlan& plan, const PlanFindings& findings, const PlanCommand& command);

}  // namespace wootz::cli
