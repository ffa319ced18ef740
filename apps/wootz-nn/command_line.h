// Turns the command line into a command and runs it.
#pragma once

#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace wootz::cli {

/// `arguments` as main gets them, the program's name first. The exit code, or an error for main to print; kUsage with
/// what is wrong with the arguments and how to get help.
Result<int> run_command_line(std::vector<std::string> arguments);

}  // namespace wootz::cli
