// wootz routing: what the routers of a model do with the items of tasks.
#include <CLI/CLI.hpp>

#include "commands/commands.h"
#include "console.h"
#include "json_output.h"
#include "network_options.h"
#include "option_types.h"
#include "routed_input.h"
#include "table.h"
#include "wootz/io/checkpoint.h"

namespace wootz::cli {
namespace {

struct RoutingCommand : RoutedInput {
  bool json = false;
};

// A row of [modules, K] as numbers.
std::vector<double> row_of(const std::vector<double>& all, std::size_t module, std::size_t experts) {
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(module * experts);
  return {first, first + static_cast<std::ptrdiff_t>(experts)};
}

Json routing_json(const RoutingInfo& info, const std::vector<TaskRouting>& tasks) {
  Json listed = Json::array();
  for (const TaskRouting& task : tasks) {
    Json modules = Json::object();
    for (std::size_t m = 0; m < info.modules.size(); ++m)
      modules[info.modules[m]] = {{"mean", row_of(task.mean, m, info.experts.size())},
                                  {"largest", row_of(task.largest, m, info.experts.size())}};
    listed.push_back({{"task", task.task}, {"split", task.split}, {"items", task.items}, {"modules", modules}});
  }
  return {{"experts", info.experts}, {"tasks", std::move(listed)}};
}

std::string task_text(const RoutingInfo& info, const TaskRouting& task) {
  Table table;
  table.add_column(fmt::format("{} ({} items)", task.task, task.items), Table::Align::kLeft);
  for (const std::string& expert : info.experts) table.add_column(file_name(expert));
  table.add_column("drawn on most");
  for (std::size_t m = 0; m < info.modules.size(); ++m) {
    std::vector<std::string> cells = {info.modules[m]};
    for (const double value : row_of(task.mean, m, info.experts.size())) cells.push_back(fmt::format("{:.3f}", value));
    const std::vector<double> largest = row_of(task.largest, m, info.experts.size());
    const auto most = std::max_element(largest.begin(), largest.end());
    cells.push_back(fmt::format(
        "{} ({:.0f} %)", file_name(info.experts[static_cast<std::size_t>(most - largest.begin())]), 100.0 * *most));
    table.add_row(std::move(cells));
  }
  return table.text();
}

Result<int> run(RoutingCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(const Model model, load_routed_model(files, command));
  WOOTZ_TRY(const std::vector<TaskRouting> tasks, route_tasks(files, model, command));
  if (command.json) {
    print_json(routing_json(*model.routing(), tasks));
    return 0;
  }
  for (const TaskRouting& task : tasks) print_out(task_text(*model.routing(), task) + "\n");
  return 0;
}

}  // namespace

RunCommand add_routing(CLI::App& app) {
  const auto command = std::make_shared<RoutingCommand>();
  app.add_option("MODEL", command->model, "a model with routed modules, as 'wootz adapt' makes by wemoe")->required();
  add_routed_options(app, *command, /*tasks_required=*/true);
  app.add_flag("--json", command->json, "print the result as JSON");
  app.footer(
      "Shown are the mean coefficients of every module's experts over a task's items, and the expert whose\n"
      "coefficient is the largest for most of them.\n"
      "\n"
      "Example:\n"
      "  wootz routing merged --tasks tasks.yml --task mnist --max-items 500");
  return [command] { return run(*command); };
}

}  // namespace wootz::cli
