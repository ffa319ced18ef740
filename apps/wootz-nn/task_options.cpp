#include "task_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "option_types.h"

namespace wootz::cli {
namespace {

constexpr std::uint64_t kMostItems = 1'000'000'000'000;

}  // namespace

void add_task_options(CLI::App& app, TaskChoice& choice) {
  app.add_option("--tasks", choice.catalogue, "the task catalogue, a YAML file")->required()->type_name("FILE");
  add_repeated_option(app, "--task", choice.names, "NAME",
                      "only this task of the catalogue; may be given several times");
}

void add_skip_bad_option(CLI::App& app, std::size_t& items, bool of_each_task) {
  const std::string_view where = of_each_task ? " of a task" : "";
  app.add_option("--skip-bad", items, fmt::format("leave out up to N damaged items{} (default 0)", where))
      ->type_name("N")
      ->check(whole_number(0, kMostItems, "a number of items"));
}

void add_item_options(CLI::App& app, EvaluateOptions& evaluate) {
  app.add_option("--max-items", evaluate.max_items, "the first N items of each task only")
      ->type_name("N")
      ->check(whole_number(1, kMostItems, "a number of items"));
  add_skip_bad_option(app, evaluate.skip_bad, /*of_each_task=*/true);
}

void add_repeated_option(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                         const std::string& type, const std::string& description) {
  app.add_option(name, values, description)->type_name(type)->expected(1)->take_all();
}

Result<std::vector<Task>> load_tasks(FileSystem& files, const TaskChoice& choice) {
  WOOTZ_TRY(Catalogue catalogue, load_catalogue(files, choice.catalogue));
  if (choice.names.empty()) return std::move(catalogue.tasks);
  for (const std::string& name : choice.names)
    if (auto found = catalogue.find(name); !found) return tl::unexpected(std::move(found).error());
  std::erase_if(catalogue.tasks, [&](const Task& task) {
    return std::find(choice.names.begin(), choice.names.end(), task.name) == choice.names.end();
  });
  return std::move(catalogue.tasks);
}

}  // namespace wootz::cli
