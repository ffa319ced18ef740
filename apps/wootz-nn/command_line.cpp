#include "command_line.h"

#include <CLI/CLI.hpp>
#include <array>

#include "commands/commands.h"
#include "console.h"
#include "help.h"
#include "network_commands.h"
#include "parse_arguments.h"
#include "wootz/core/check.h"
#include "wootz/engine/output/version.h"

namespace wootz::cli {
namespace {

struct Entry {
  std::string_view name;
  RunCommand (*add)(CLI::App&);
};

// A command's name and summary are in network_commands.cpp: wootz lists them too.
constexpr std::array kEntries = {
    Entry{"adapt", add_adapt}, Entry{"eval", add_eval},       Entry{"finetune", add_finetune}, Entry{"fold", add_fold},
    Entry{"heads", add_heads}, Entry{"routing", add_routing}, Entry{"search", add_search},
};

}  // namespace

Result<int> run_command_line(std::vector<std::string> arguments) {
  if (!arguments.empty()) arguments.erase(arguments.begin());
  CLI::App app(fmt::format("wootz-nn {}: the commands of wootz that run networks", version()), "wootz");
  use_help_format(app);
  app.set_help_flag("-h,--help", "print this help");
  bool print_version = false;
  app.add_flag("-V,--version", print_version, "print the version");
  app.require_subcommand(0, 1);
  std::vector<std::pair<CLI::App*, RunCommand>> commands;
  for (const Entry& entry : kEntries) {
    const NetworkCommand* described = find_network_command(entry.name);
    WOOTZ_CHECK(described != nullptr);
    CLI::App& command = *app.add_subcommand(std::string(entry.name), std::string(described->summary));
    commands.emplace_back(&command, entry.add(command));
  }
  WOOTZ_TRY(const std::optional<std::string> help, parse_arguments(app, std::move(arguments)));
  if (help || print_version) {
    print_out(help ? *help : fmt::format("wootz-nn {}\n", version()));
    return 0;
  }
  for (const auto& [command, run] : commands)
    if (command->parsed()) return run();
  return fail(ErrorKind::kUsage, "no command given; 'wootz --help' lists them");
}

}  // namespace wootz::cli
