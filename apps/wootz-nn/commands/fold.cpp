// wootz fold: a plain checkpoint from a model with routed modules.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "commands/commands.h"
#include "console.h"
#include "option_types.h"
#include "routed_input.h"
#include "wootz/adapt/fold.h"

namespace wootz::cli {
namespace {

struct FoldCommand : RoutedInput {
  std::string output;
  FoldOptions options;
};

// The routers' coefficients, and in words where they come from.
struct Chosen {
  std::vector<double> coefficients;
  std::string words;
};

// Constant routers need no items: fold reads them from the model.
Result<Chosen> choose(FileSystem& files, const Model& model, const FoldCommand& command) {
  if (!model.routing()->sees_input) return Chosen{{}, "the routers' constants"};
  if (command.tasks.catalogue.empty())
    return fail(
        ErrorKind::kUsage,
        "the coefficients of '{}' depend on the input: say for which data it is folded, with --tasks and --task",
        command.model);
  WOOTZ_TRY(const std::vector<TaskRouting> routed, route_tasks(files, model, command));
  std::vector<std::string> parts;
  for (const TaskRouting& task : routed)
    parts.push_back(fmt::format("{} items of '{}' ({})", task.items, task.task, task.split));
  return Chosen{mean_coefficients(routed), fmt::format("mean over {}", fmt::join(parts, ", "))};
}

Result<int> run(FoldCommand& command) {
  FileSystem& files = posix_file_system();
  Chosen chosen;
  std::string directory;
  {
    // The model is gone before the experts are read again.
    WOOTZ_TRY(const Model model, load_routed_model(files, command));
    WOOTZ_TRY(chosen, choose(files, model, command));
    directory = model.info().directory;
  }
  command.options.comment = chosen.words;
  WOOTZ_RETURN_IF_ERROR(fold(files, directory, command.output, chosen.coefficients, command.options));
  if (!command.quiet) print_out(fmt::format("Folded by the {}\nOutput: {}\n", chosen.words, command.output));
  return 0;
}

}  // namespace

RunCommand add_fold(CLI::App& app) {
  const auto command = std::make_shared<FoldCommand>();
  app.add_option("MODEL", command->model, "a model with routed modules, as 'wootz adapt' makes by wemoe")->required();
  app.add_option("OUT", command->output, "the directory to make; it appears whole, at the end")->required();
  add_routed_options(app, *command, /*tasks_required=*/false);
  app.add_flag("--overwrite", command->options.overwrite, "replace OUT");
  app.footer(
      "Every routed module is merged once, with its coefficients averaged over the items of the tasks chosen, or of\n"
      "all tasks; constant routers need none. The result is a plain checkpoint of the base's architecture: best\n"
      "for what it was folded for.\n"
      "\n"
      "Example:\n"
      "  wootz fold merged mnist-only --tasks tasks.yml --task mnist --max-items 500");
  return [command] { return run(*command); };
}

}  // namespace wootz::cli
