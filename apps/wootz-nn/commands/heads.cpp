// wootz heads: classifier heads from class names, or from example items.
#include <CLI/CLI.hpp>

#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "network_options.h"
#include "option_types.h"
#include "progress_meter.h"
#include "task_options.h"
#include "wootz/eval/heads.h"
#include "wootz/io/checkpoint.h"

namespace wootz::cli {
namespace {

constexpr std::uint64_t kMostItems = 1'000'000'000;

// What both ways to make heads are told.
struct HeadsCommand {
  std::string model;
  std::string output;  ///< a directory
  std::size_t batch_size = 64;
  std::optional<double> logit_scale;
  ModelOptions options;
  bool json = false;
  bool quiet = false;
};

struct ZeroShotCommand : HeadsCommand {
  std::vector<std::string> tasks;  ///< well-known ones
  std::vector<std::string> word_files;
};

struct PrototypesCommand : HeadsCommand {
  TaskChoice tasks;
  std::string split = "train";
  PrototypeOptions prototypes;
};

// Saves the heads and tells of them; shows progress while they are made.
class HeadWriter {
 public:
  HeadWriter(FileSystem& files, const HeadsCommand& command)
      : files_(files), command_(command), meter_(std::make_unique<ProgressMeter>(command.quiet)) {}

  ItemProgress progress(const std::string& task) {
    const ProgressCallback show = meter_->callback();
    if (!show) return {};
    return [show, task](std::size_t done, std::size_t total) { show({task, done, total, done, "items"}); };
  }

  Result<> save(const std::string& task, Head head) {
    head.metadata["task"] = task;
    WOOTZ_RETURN_IF_ERROR(files_.create_directories(command_.output));
    const std::string path = join_path(command_.output, task + ".safetensors");
    WOOTZ_RETURN_IF_ERROR(save_head(files_, head, path));
    saved_.push_back({{"task", task},
                      {"path", path},
                      {"classes", head.classes},
                      {"features", head.feature_size},
                      {"logit_scale", head.logit_scale}});
    return {};
  }

  int finish() {
    meter_.reset();
    if (command_.json) {
      print_json({{"heads", saved_}});
    } else if (!command_.quiet) {
      for (const Json& head : saved_)
        print_out(fmt::format("{}: {} classes, {} features, logit scale {}\n", head["path"].get<std::string>(),
                              head["classes"].get<std::size_t>(), head["features"].get<std::size_t>(),
                              format_number(head["logit_scale"].get<double>())));
    }
    return 0;
  }

 private:
  FileSystem& files_;
  const HeadsCommand& command_;
  std::unique_ptr<ProgressMeter> meter_;
  Json saved_ = Json::array();
};

// "birds" from "words/birds.yml"
std::string stem_of(const std::string& path) {
  const std::string name = file_name(path);
  return name.substr(0, name.rfind('.'));
}

Result<std::vector<std::pair<std::string, ZeroShotWords>>> load_words(FileSystem& files,
                                                                      const ZeroShotCommand& command) {
  std::vector<std::pair<std::string, ZeroShotWords>> all;
  for (const std::string& task : command.tasks) {
    WOOTZ_TRY(ZeroShotWords words, find_zero_shot_words(files, task, default_share_directory()));
    all.emplace_back(task, std::move(words));
  }
  for (const std::string& file : command.word_files) {
    WOOTZ_TRY(ZeroShotWords words, load_zero_shot_words(files, file));
    all.emplace_back(stem_of(file), std::move(words));
  }
  if (all.empty())
    return fail(ErrorKind::kUsage, "no classes given: name well-known tasks with --task, or a file with --words");
  return all;
}

Result<int> run_zero_shot(const ZeroShotCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(const auto words, load_words(files, command));
  WOOTZ_TRY(const std::string path, locate_model(files, command.model, ""));
  ModelOptions model_options = command.options;
  model_options.architecture = "clip_text";
  WOOTZ_TRY(const Model model, Model::load(files, path, model_options));
  WOOTZ_TRY(const auto tokenizer, load_tokenizer(files, model.info().directory));
  HeadOptions options;
  options.batch_size = command.batch_size;
  options.loader_threads = loader_threads(command.options.threads);
  WOOTZ_TRY(const std::optional<double> stored, stored_logit_scale(files, path));
  options.logit_scale = command.logit_scale.value_or(stored.value_or(options.logit_scale));
  HeadWriter writer(files, command);
  for (const auto& [task, of_task] : words) {
    WOOTZ_TRY(Head head, zero_shot_head(model, *tokenizer, of_task, options, writer.progress(task)));
    WOOTZ_RETURN_IF_ERROR(writer.save(task, std::move(head)));
  }
  return writer.finish();
}

Result<int> run_prototypes(const PrototypesCommand& command) {
  FileSystem& files = posix_file_system();
  WOOTZ_TRY(const std::vector<Task> tasks, load_tasks(files, command.tasks));
  WOOTZ_TRY(const std::string path, locate_model(files, command.model, ""));
  WOOTZ_TRY(const Model model, Model::load(files, path, command.options));
  PrototypeOptions options = command.prototypes;
  options.batch_size = command.batch_size;
  options.logit_scale = command.logit_scale.value_or(options.logit_scale);
  options.loader_threads = loader_threads(command.options.threads);
  HeadWriter writer(files, command);
  for (const Task& task : tasks) {
    WOOTZ_TRY(const auto data, open_task(files, task, command.split));
    WOOTZ_TRY(const auto encoder, encoder_for(files, model.info(), task, std::nullopt));
    auto head = prototype_head(model, *data, *encoder, options, writer.progress(task.name));
    if (!head) return tl::unexpected(std::move(head).error().within(fmt::format("task '{}'", task.name)));
    WOOTZ_RETURN_IF_ERROR(writer.save(task.name, *std::move(head)));
  }
  return writer.finish();
}

void add_common_options(CLI::App& app, HeadsCommand& command, const std::string& scale_default) {
  app.add_option("--logit-scale", command.logit_scale, "what logits are multiplied by (default: " + scale_default + ")")
      ->type_name("X")
      ->check(CLI::Validator(
          [](const std::string& text) {
            double value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool good = error == std::errc() && end == text.data() + text.size() && value > 0 && value < 1e9;
            return good ? "" : fmt::format("'{}' is not a positive number", text);
          },
          ""));
  add_batch_size_option(app, command.batch_size);
  add_device_option(app, command.options);
  add_precision_option(app, command.options);
  add_threads_option(app, "--threads", command.options.threads);
  app.add_flag("-q,--quiet", command.quiet, "print errors only");
  app.add_flag("--json", command.json, "print the result as JSON");
}

RunCommand add_zero_shot(CLI::App& root) {
  const auto command = std::make_shared<ZeroShotCommand>();
  CLI::App& app = *root.add_subcommand("zero-shot", "heads from class names, through CLIP's text tower");
  app.add_option("MODEL", command->model, "a whole CLIP, or its text tower, with the tokenizer's files")->required();
  app.add_option("OUT", command->output, "the directory to write TASK.safetensors into")->required();
  add_repeated_option(app, "--task", command->tasks, "NAME",
                      "a well-known task, such as eurosat; may be given several times");
  add_repeated_option(app, "--words", command->word_files, "FILE",
                      "a YAML file with 'classes' and 'templates' of one's own; may be given several times");
  add_common_options(app, *command, "the model's own, or else 100");
  app.footer(
      "Examples:\n"
      "  wootz heads zero-shot clip-vit-base-patch32 heads --task eurosat --task dtd\n"
      "  wootz heads zero-shot clip-vit-base-patch32 heads --words birds.yml");
  return [command] { return run_zero_shot(*command); };
}

RunCommand add_prototypes(CLI::App& root) {
  const auto command = std::make_shared<PrototypesCommand>();
  CLI::App& app = *root.add_subcommand("prototypes", "heads from the mean features of labelled items");
  app.add_option("MODEL", command->model, "the base model, whose features the experts start from")->required();
  app.add_option("OUT", command->output, "the directory to write TASK.safetensors into")->required();
  add_task_options(app, command->tasks);
  app.add_option("--split", command->split, "the split that items are taken from (default train)")->type_name("NAME");
  app.add_option("--per-class", command->prototypes.per_class, "items of each class; 0: all (default 100)")
      ->type_name("N")
      ->check(whole_number(0, kMostItems, "a number of items"));
  app.add_flag_function(
      "--plain", [command](std::int64_t) { command->prototypes.kind = PrototypeKind::kPlain; },
      "the means as they are, with what all classes have in common");
  add_skip_bad_option(app, command->prototypes.skip_bad, /*of_each_task=*/true);
  add_common_options(app, *command, "25");
  app.footer(
      "Example:\n"
      "  wootz heads prototypes models/base heads --tasks tasks.yml");
  return [command] { return run_prototypes(*command); };
}

}  // namespace

RunCommand add_heads(CLI::App& app) {
  app.require_subcommand(0, 1);
  const RunCommand zero_shot = add_zero_shot(app);
  const RunCommand prototypes = add_prototypes(app);
  app.footer("docs/formats/heads.md describes the files.");
  return [&app, zero_shot, prototypes]() -> Result<int> {
    if (app.got_subcommand("zero-shot")) return zero_shot();
    if (app.got_subcommand("prototypes")) return prototypes();
    return fail(ErrorKind::kUsage, "no kind of head given; see 'wootz heads --help'");
  };
}

}  // namespace wootz::cli
