#include "parse_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "wootz/core/nearest.h"

namespace wootz::cli {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string unknown_command(const CLI::App& app, const std::string& word) {
  return fmt::format("unknown command '{}'{}", word, suggestion(word, command_names(app)));
}

// The first word, before the parser sees what follows it.
Result<> check_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return fail(ErrorKind::kUsage, "no command given; '{} --help' lists them", full_name(app));
  if (arguments.front().starts_with('-')) return {};
  const std::vector<std::string> names = command_names(app);
  if (std::find(names.begin(), names.end(), arguments.front()) != names.end()) return {};
  return fail(ErrorKind::kUsage, "{}", unknown_command(app, arguments.front()));
}

// What the parser says of arguments it does not know, with the nearest option.
std::string describe_extras(const CLI::App& app) {
  const CLI::App& command = chosen_command(app);
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  const std::vector<std::string> extras = command.remaining();
  const std::string word = extras.empty() ? "" : extras.front().substr(0, extras.front().find('='));
  if (&command != &app && !word.starts_with("-") && !command.get_subcommands({}).empty())
    return unknown_command(command, word);
  if (&command == &app || !word.starts_with("-")) return fmt::format("'{}' is not expected here", word);
  const std::string_view near = nearest(word, options);
  return fmt::format("unknown option '{}'{}", word, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near));
}

tl::unexpected<Error> usage_error(const CLI::App& app, std::string_view what) {
  return fail(ErrorKind::kUsage, "{}; see '{} --help'", what, full_name(chosen_command(app)));
}

}  // namespace

Result<std::optional<std::string>> parse_arguments(CLI::App& app, std::vector<std::string> arguments) {
  WOOTZ_RETURN_IF_ERROR(check_command(app, arguments));
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return app.help();
  } catch (const CLI::ExtrasError&) {
    return usage_error(app, describe_extras(app));
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error.what());
  }
  return std::optional<std::string>();
}

const CLI::App& chosen_command(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? app : chosen_command(*chosen.front());
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

}  // namespace wootz::cli
