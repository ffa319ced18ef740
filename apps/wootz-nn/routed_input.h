// A routed model and the tasks whose items go through it, as several commands take them.
#pragma once

#include <string>
#include <vector>

#include "task_options.h"
#include "wootz/eval/routing.h"

namespace wootz::cli {

struct RoutedInput {
  std::string model;
  TaskChoice tasks;
  EvaluateOptions evaluate;
  ModelOptions options;
  bool quiet = false;
};

/// --tasks, --task, --split, --max-items and what a network runs on.
void add_routed_options(CLI::App& app, RoutedInput& input, bool tasks_required);

/// Fails (kUsage) on a model without routed modules.
Result<Model> load_routed_model(FileSystem& files, const RoutedInput& input);

Result<std::vector<TaskRouting>> route_tasks(FileSystem& files, const Model& model, const RoutedInput& input);

}  // namespace wootz::cli
