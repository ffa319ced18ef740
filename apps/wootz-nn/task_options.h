// Tasks of a catalogue, as several commands let them be chosen.
#pragma once

#include <string>
#include <vector>

#include "wootz/eval/evaluate.h"

namespace CLI {
class App;
}

namespace wootz::cli {

struct TaskChoice {
  std::string catalogue;           ///< path
  std::vector<std::string> names;  ///< empty: all
};

/// --tasks and --task.
void add_task_options(CLI::App& app, TaskChoice& choice);

/// --skip-bad: of each task, or of all that is read.
void add_skip_bad_option(CLI::App& app, std::size_t& items, bool of_each_task);

/// --max-items, and --skip-bad of each task.
void add_item_options(CLI::App& app, EvaluateOptions& evaluate);

/// An option that is given once for each of its values, unlike lists after one option.
void add_repeated_option(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                         const std::string& type, const std::string& description);

/// In the catalogue's order.
Result<std::vector<Task>> load_tasks(FileSystem& files, const TaskChoice& choice);

}  // namespace wootz::cli
