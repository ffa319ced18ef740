// Runs the option parser, with errors in our words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace CLI {
class App;
}

namespace wootz::cli {

/// Parses `arguments`, without the program's name, into what the app's options were bound to. Gives the help text when
/// that was asked for. Fails (kUsage) with what is wrong, the nearest name where one is unknown, and how to get help.
Result<std::optional<std::string>> parse_arguments(CLI::App& app, std::vector<std::string> arguments);

/// The innermost command that was given, or the app itself.
const CLI::App& chosen_command(const CLI::App& app);

/// "wootz heads text": the names of a command and those it belongs to.
std::string full_name(const CLI::App& app);

}  // namespace wootz::cli
