#include "help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "format.h"
#include "parse_arguments.h"
#include "table.h"

namespace wootz::cli {
namespace {

constexpr std::size_t kWidth = 92;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;

struct Row {
  std::string name;
  std::string description;
};

std::string rows_text(const std::vector<Row>& rows) {
  std::size_t names = 0;
  for (const Row& row : rows) names = std::max(names, row.name.size());
  std::string text;
  for (const Row& row : rows) {
    const std::vector<std::string> lines = wrap(row.description, kWidth - kIndent - names - kGap);
    for (std::size_t i = 0; i < lines.size(); ++i)
      text += fmt::format("{:{}}{:<{}}{:{}}{}\n", "", kIndent, i == 0 ? row.name : "", names, "", kGap, lines[i]);
  }
  return text;
}

std::string option_name(const CLI::Option& option) {
  std::string name = option.get_snames().empty() ? "    " : "-" + option.get_snames().front() + ", ";
  if (option.get_lnames().empty())
    name = "-" + option.get_snames().front();
  else
    name += "--" + option.get_lnames().front();
  if (option.get_items_expected_max() > 0 && !option.get_type_name().empty()) name += " " + option.get_type_name();
  return name;
}

// "merge RECIPE OUT"
std::string with_arguments(const CLI::App& app) {
  std::string text = app.get_name();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    std::string name = option->get_name(true);
    if (option->get_items_expected_max() > 1) name += "...";
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string usage(const CLI::App& app) {
  if (!app.get_subcommands({}).empty()) return full_name(app) + " COMMAND ...";
  return fmt::format("{} {} [OPTIONS]", full_name(*app.get_parent()), with_arguments(app));
}

std::string title(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_description()
                                     : fmt::format("{}: {}", full_name(app), app.get_description());
}

class HelpFormat : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const override {
    std::string text = title(*app) + "\n\nUsage: " + usage(*app) + "\n";
    std::vector<Row> arguments;
    for (const CLI::Option* option : app->get_options())
      if (option->get_positional()) arguments.push_back({option->get_name(true), option->get_description()});
    if (!arguments.empty()) text += "\n" + rows_text(arguments);

    std::vector<Row> commands;
    for (const CLI::App* command : app->get_subcommands({}))
      commands.push_back({with_arguments(*command), command->get_description()});
    if (!commands.empty()) text += "\nCommands:\n" + rows_text(commands);

    for (const std::string& group : app->get_groups()) {
      std::vector<Row> options;
      for (const CLI::Option* option : app->get_options())
        if (!option->get_positional() && option->get_group() == group)
          options.push_back({option_name(*option), option->get_description()});
      if (!options.empty() && !group.empty()) text += fmt::format("\n{}:\n{}", group, rows_text(options));
    }
    if (!app->get_footer().empty()) text += "\n" + app->get_footer() + "\n";
    return text;
  }
};

}  // namespace

void use_help_format(CLI::App& app) { app.formatter(std::make_shared<HelpFormat>()); }

}  // namespace wootz::cli
