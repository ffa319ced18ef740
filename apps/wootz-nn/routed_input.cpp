#include "routed_input.h"

#include <CLI/CLI.hpp>

#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "wootz/io/checkpoint.h"

namespace wootz::cli {

void add_routed_options(CLI::App& app, RoutedInput& input, bool tasks_required) {
  add_task_options(app, input.tasks);
  app.get_option("--tasks")->required(tasks_required);
  app.add_option("--split", input.evaluate.split, "the split to take items from, instead of the catalogue's")
      ->type_name("NAME");
  add_item_options(app, input.evaluate);
  add_batch_size_option(app, input.evaluate.batch_size);
  add_device_option(app, input.options);
  add_threads_option(app, "--threads", input.options.threads);
  app.add_flag("-q,--quiet", input.quiet, "show no progress");
}

Result<Model> load_routed_model(FileSystem& files, const RoutedInput& input) {
  WOOTZ_TRY(const std::string path, locate_model(files, input.model, ""));
  WOOTZ_TRY(Model model, Model::load(files, path, input.options));
  if (!model.routing())
    return fail(ErrorKind::kUsage,
                "'{}' has no routed modules: it is a plain model, not one that 'wootz adapt' makes by wemoe",
                input.model);
  return model;
}

Result<std::vector<TaskRouting>> route_tasks(FileSystem& files, const Model& model, const RoutedInput& input) {
  WOOTZ_TRY(const std::vector<Task> tasks, load_tasks(files, input.tasks));
  EvaluateOptions options = input.evaluate;
  options.loader_threads = loader_threads(input.options.threads);
  ProgressMeter meter(input.quiet);
  const ProgressCallback show = meter.callback();
  std::vector<TaskRouting> routed;
  for (const Task& task : tasks) {
    ItemProgress progress;
    if (show) progress = [&](std::size_t done, std::size_t total) { show({task.name, done, total, done, "items"}); };
    WOOTZ_TRY(TaskRouting one, route_task(files, model, task, options, progress));
    routed.push_back(std::move(one));
  }
  return routed;
}

}  // namespace wootz::cli
