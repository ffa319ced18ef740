// Turns the command line into a command. The one place that knows the option parser.
#pragma once

#include "commands/commands.h"

namespace wootz::cli {

/// `arguments` as main gets them, the program's name first. A program named mergekit-yaml takes mergekit's arguments.
/// Fails (kUsage) with what is wrong and how to get help.
Result<Command> parse_command_line(std::vector<std::string> arguments);

}  // namespace wootz::cli
