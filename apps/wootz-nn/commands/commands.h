// The commands: each is a file here, and a line in command_line.cpp.
#pragma once

#include <functional>

#include "wootz/core/result.h"

namespace CLI {
class App;
}

namespace wootz::cli {

/// Runs a command whose options have been parsed: prints results, returns the exit code or an error for main to print.
using RunCommand = std::function<Result<int>()>;

/// Each declares its options on `app`, which has the command's name and summary already.
RunCommand add_adapt(CLI::App& app);
RunCommand add_eval(CLI::App& app);
RunCommand add_fold(CLI::App& app);
RunCommand add_heads(CLI::App& app);
RunCommand add_routing(CLI::App& app);
RunCommand add_finetune(CLI::App& app);
RunCommand add_search(CLI::App& app);

}  // namespace wootz::cli
