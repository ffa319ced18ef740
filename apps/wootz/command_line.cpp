#include "command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "format.h"
#include "help.h"
#include "mergekit_options.h"
#include "network_commands.h"
#include "option_types.h"
#include "parse_arguments.h"
#include "wootz/engine/output/version.h"

namespace wootz::cli {
namespace {

constexpr std::string_view kMergekitName = "mergekit-yaml";

constexpr const char* kFooter =
    "Start with a recipe and look before you merge:\n"
    "  wootz plan recipe.yml            errors, layout, memory and time, from the headers alone\n"
    "  wootz merge recipe.yml merged    the merge; transformers loads what is in merged/\n"
    "\n"
    "Where recipe.yml is, for instance:\n"
    "  merge_method: task_arithmetic\n"
    "  base_model: models/base\n"
    "  models:\n"
    "    - {model: models/math, parameters: {weight: 0.4}}\n"
    "    - {model: models/code, parameters: {weight: 0.4}}\n"
    "\n"
    "'wootz COMMAND --help' says more, 'wootz methods' lists the merge methods. Commands that run\n"
    "networks are in a second program, wootz-nn, which wootz calls.\n"
    "Exit codes: 0 done, 1 failed, 2 usage or recipe error, 3 input missing or damaged,\n"
    "  4 incompatible inputs, 5 no space or I/O error, 6 verification failed.";

// Parses "2/8".
std::optional<Part> parse_part(std::string_view text) {
  Part part;
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto number = [](std::string_view digits, std::size_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!number(text.substr(0, slash), part.number) || !number(text.substr(slash + 1), part.count)) return std::nullopt;
  if (part.number < 1 || part.number > part.count) return std::nullopt;
  return part;
}

void add_plan_options(CLI::App& app, PlanInput& input) {
  app.add_option("RECIPE", input.recipe, "the recipe, a YAML file; '-' reads it from standard input")->required();
  add_size_option(app, "--max-memory", input.schedule.max_memory, "memory for the whole process (default 1GiB)");
  add_threads_option(app, "--threads", input.schedule.threads);
  add_size_option(app, "--out-shard-size", input.options.shard_size,
                  "most bytes of tensor data in one output file (default 5GB)");
  app.add_flag("--allow-missing", input.options.allow_missing,
               "take a tensor that a model lacks as equal to the base's");
}

void add_merge(CLI::App& root, MergeCommand& command) {
  CLI::App& app = *root.add_subcommand("merge", "merge checkpoints as a recipe says");
  add_plan_options(app, command.input);
  app.add_option("OUT", command.output, "the directory to make; it appears whole, at the end")->required();
  app.add_option_function<std::string>(
         "--part",
         [&command](const std::string& text) {
           const auto part = parse_part(text);
           if (!part)
             throw CLI::ValidationError("--part",
                                        fmt::format("'{}' is not a part; write 2/8 for the second of eight", text));
           command.part = *part;
         },
         "write only the i-th of n shares of the output files; a last call without --part completes the model")
      ->type_name("I/N");
  app.add_flag("--overwrite", command.overwrite, "replace OUT if it is an earlier model");
  app.add_flag("!--no-sync", command.sync, "do not wait until the data are on the device");
  app.add_flag("-v,--verbose", command.verbose, "say how the work is scheduled");
  app.add_flag("-q,--quiet", command.quiet, "print errors only");
  app.add_flag("--json", command.json, "print the result as JSON");
  app.footer(
      "A merge that was stopped, in whatever way, goes on where it was when it is called again with\n"
      "the same recipe. Sizes are bytes, or end in K, M, G, T (decimal), KiB, MiB, GiB, TiB (binary).\n"
      "\n"
      "Examples:\n"
      "  wootz merge recipe.yml merged\n"
      "  wootz merge recipe.yml merged --max-memory 512MiB --out-shard-size 2GB\n"
      "  wootz merge recipe.yml merged --part 1/2     (on one machine)\n"
      "  wootz merge recipe.yml merged --part 2/2     (on another)\n"
      "  wootz merge recipe.yml merged                (at the end)");
}

void add_plan(CLI::App& root, PlanCommand& command) {
  CLI::App& app = *root.add_subcommand("plan", "say what a merge would do: errors, layout, memory, time");
  add_plan_options(app, command.input);
  app.add_option("OUT", command.output, "where the merge would write, to look at the free space there");
  app.add_option_function<std::string>(
         "--assume-rate",
         [&command](const std::string& text) { command.assumed_rate = checked("--assume-rate", parse_rate(text)); },
         "bytes read and written in a second, for the time estimate (default 1GB/s)")
      ->type_name("RATE");
  app.add_flag("--json", command.json, "print the plan as JSON");
  app.footer(
      "Reads the recipe and the headers of the checkpoints, no tensor, and writes nothing. All errors\n"
      "are reported at once.\n"
      "\n"
      "Examples:\n"
      "  wootz plan recipe.yml\n"
      "  wootz plan recipe.yml merged --assume-rate 3GB/s");
}

void add_inspect(CLI::App& root, InspectCommand& command) {
  CLI::App& app = *root.add_subcommand("inspect", "look at models: tensors and norms, and how task vectors relate");
  app.add_option("MODEL", command.models, "model directories, .safetensors files, or Hub names in the local cache")
      ->required();
  app.add_option("--base", command.base, "compare the models' task vectors, the differences from this model")
      ->type_name("MODEL");
  const auto set_view = [&command](InspectCommand::View view) {
    return [&command, view](std::int64_t) { command.view = view; };
  };
  CLI::Option* layers =
      app.add_flag_function("--layers", set_view(InspectCommand::View::kLayers), "a row for every layer");
  app.add_flag_function("--tensors", set_view(InspectCommand::View::kTensors),
                        "a row for every tensor (the default for a single model)")
      ->excludes(layers);
  add_threads_option(app, "--threads", command.threads);
  app.add_flag("-q,--quiet", command.quiet, "show no progress");
  app.add_flag("--json", command.json, "print everything as JSON");
  app.footer(
      "Examples:\n"
      "  wootz inspect models/math\n"
      "  wootz inspect --base models/base models/math models/code\n"
      "  wootz inspect --base models/base models/math models/code --layers");
}

void add_verify(CLI::App& root, VerifyCommand& command) {
  CLI::App& app = *root.add_subcommand("verify", "check an output against its manifest");
  app.add_option("OUT", command.output, "a directory that 'wootz merge' made")->required();
  add_threads_option(app, "--threads", command.threads);
  app.add_flag("-q,--quiet", command.quiet, "print problems only");
  app.add_flag("--json", command.json, "print the result as JSON");
  app.footer(
      "Reads every tensor and every other file, and compares with what was written. Exit code 6 when\n"
      "something differs; all that differs is listed.\n"
      "\n"
      "Example:\n"
      "  wootz verify merged");
}

void add_methods(CLI::App& root, MethodsCommand& command) {
  CLI::App& app = *root.add_subcommand("methods", "list the methods, or explain one");
  app.add_option("NAME", command.name, "a merge method, or a transform of task vectors");
  app.add_flag("--json", command.json, "print as JSON");
  app.add_option("--markdown", command.markdown, "write the reference, a page for every method, into a directory")
      ->type_name("DIR");
  app.footer(
      "Examples:\n"
      "  wootz methods\n"
      "  wootz methods ties");
}

// The other program's commands, for the help; their arguments never get here.
void add_network_commands(CLI::App& root, std::vector<std::string>& unused) {
  for (const NetworkCommand& command : network_commands()) {
    CLI::App& app = *root.add_subcommand(std::string(command.name), std::string(command.summary));
    for (std::string_view rest = command.arguments; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      const bool many = word.ends_with("...");
      app.add_option(std::string(many ? word.substr(0, word.size() - 3) : word), unused, "")
          ->required()
          ->expected(1, many ? 2 : 1);
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
  }
}

class CommandLine {
 public:
  CommandLine()
      : app_(fmt::format("wootz {}: merges fine-tuned models into one, streaming, in bounded memory", version()),
             "wootz") {
    use_help_format(app_);
    app_.set_help_flag("-h,--help", "print this help");
    app_.add_flag("-V,--version", version_, "print the version");
    app_.require_subcommand(0, 1);
    app_.footer(kFooter);
    add_merge(app_, merge_);
    add_plan(app_, plan_);
    add_inspect(app_, inspect_);
    add_verify(app_, verify_);
    add_methods(app_, methods_);
    add_mergekit_command(app_, std::string(kMergekitName), mergekit_);
    add_network_commands(app_, unused_);
  }

  Result<Command> parse(std::vector<std::string> arguments) {
    WOOTZ_TRY(const std::optional<std::string> help, parse_arguments(app_, std::move(arguments)));
    if (help) return PrintCommand{*help};
    return chosen();
  }

 private:
  Result<Command> chosen() const {
    const std::vector<CLI::App*> command = app_.get_subcommands();
    if (version_) return PrintCommand{fmt::format("wootz {}\n", version())};
    if (command.empty()) return fail(ErrorKind::kUsage, "no command given; 'wootz --help' lists them");
    const std::string name = command.front()->get_name();
    if (name == "merge") return merge_;
    if (name == "plan") return plan_;
    if (name == "inspect") return inspect_;
    if (name == "verify") return verify_;
    if (name == "methods") return methods_;
    return to_merge_command(mergekit_);
  }

  CLI::App app_;
  bool version_ = false;
  MergeCommand merge_;
  PlanCommand plan_;
  InspectCommand inspect_;
  VerifyCommand verify_;
  MethodsCommand methods_;
  MergekitOptions mergekit_;
  std::vector<std::string> unused_;
};

}  // namespace

Result<Command> parse_command_line(std::vector<std::string> arguments) {
  if (!arguments.empty() && file_name(arguments.front()) == kMergekitName)
    arguments.front() = kMergekitName;
  else if (!arguments.empty())
    arguments.erase(arguments.begin());
  if (!arguments.empty() && find_network_command(arguments.front()) != nullptr) return HandOverCommand{arguments};
  return CommandLine().parse(std::move(arguments));
}

}  // namespace wootz::cli
