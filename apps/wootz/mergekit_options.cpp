#include "mergekit_options.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>

#include "option_types.h"

namespace wootz::cli {
namespace {

constexpr const char* kEffective = "Options with an effect";
constexpr const char* kOurs = "Options that mergekit does not have";
constexpr const char* kAccepted = "Accepted for mergekit's sake (booleans also as --no-...)";

// Name and what to say when it is asked for; the opposite is what Wootz does anyway.
struct Flag {
  std::string_view name;
  bool asked;  ///< the value that Wootz cannot give
  std::string_view help;
};
constexpr std::array<Flag, 13> kFlags{{
    {"cuda", true, "no effect: merging is bound by reading and writing"},
    {"low-cpu-memory", true, "no effect: memory is bounded by --max-memory"},
    {"lazy-unpickle", true, "no effect: only safetensors are read"},
    {"trust-remote-code", true, "no effect: no code of a model is run"},
    {"gpu-rich", true, "no effect"},
    {"read-to-gpu", true, "no effect"},
    {"multi-gpu", true, "no effect"},
    {"clone-tensors", true, "no effect"},
    {"async-write", true, "no effect: writing always overlaps with reading"},
    {"safe-serialization", false, "always on: only safetensors are written"},
    {"copy-tokenizer", false, "always on: tokenizer files are copied byte for byte"},
    {"write-model-card", false, "always on"},
    {"allow-crimes", false, "models of any architecture merge when their tensors fit"},
}};

struct Value {
  std::string_view name;
  std::string_view help;
};
constexpr std::array<Value, 4> kValues{{
    {"device", "no effect"},
    {"lora-merge-cache", "no effect: adapters are not read"},
    {"lora-merge-dtype", "no effect: adapters are not read"},
    {"write-threads", "no effect"},
}};

void add_accepted(CLI::App& app, MergekitOptions& options) {
  for (const Flag& flag : kFlags) {
    app.add_flag_function(
           fmt::format("--{0},!--no-{0}", flag.name),
           [&options, &flag](std::int64_t count) {
             // Refusing a crime is nothing to warn of.
             if ((count > 0) == flag.asked && flag.name != "allow-crimes")
               options.ineffective.push_back(fmt::format("--{}{}", count > 0 ? "" : "no-", flag.name));
           },
           std::string(flag.help))
        ->group(kAccepted);
  }
  for (const Value& value : kValues) {
    app.add_option_function<std::string>(
           fmt::format("--{}", value.name),
           [&options, &value](const std::string&) { options.ineffective.push_back(fmt::format("--{}", value.name)); },
           std::string(value.help))
        ->type_name("X")
        ->group(kAccepted);
  }
}

}  // namespace

void add_mergekit_command(CLI::App& root, const std::string& name, MergekitOptions& options) {
  CLI::App& app = *root.add_subcommand(name, "merge with mergekit's own command line");
  MergeCommand& merge = options.merge;
  app.add_option("CONFIG", merge.input.recipe, "the merge configuration, a YAML file")->required();
  app.add_option("OUT", merge.output, "the directory to make; an earlier model there is replaced")->required();
  add_size_option(app, "--out-shard-size", merge.input.options.shard_size,
                  "most bytes of tensor data in one output file; 5B is 5e9, 500M is 5e8 (default 5B)");
  app.add_option("--random-seed", merge.input.seed, "seed of the random methods; becomes the recipe's 'seed'")
      ->type_name("N");
  add_threads_option(app, "-j,--num-threads", merge.input.schedule.threads);
  app.add_option("--transformers-cache", options.hub_cache, "the Hugging Face cache to find models in")
      ->type_name("DIR");
  app.add_flag("-v,--verbose,!--no-verbose", merge.verbose, "say how the work is scheduled");
  app.add_flag("--quiet,!--no-quiet", merge.quiet, "print errors only");
  for (CLI::Option* option : app.get_options())
    if (!option->get_positional()) option->group(kEffective);
  add_size_option(app, "--max-memory", merge.input.schedule.max_memory, "memory for the whole process (default 1GiB)");
  app.add_flag("--allow-missing", merge.input.options.allow_missing,
               "take a tensor that a model lacks as equal to the base's");
  for (const char* option : {"--max-memory", "--allow-missing"}) app.get_option(option)->group(kOurs);
  add_accepted(app, options);
  app.footer(
      "Also under its own name: a link called mergekit-yaml to wootz takes mergekit's place in scripts.\n"
      "docs/mergekit.md lists what differs.\n"
      "\n"
      "Example:\n"
      "  wootz mergekit-yaml config.yml merged --out-shard-size 5B --copy-tokenizer");
}

MergeCommand to_merge_command(const MergekitOptions& options) {
  // Before any thread runs; the library looks for models where the environment says.
  if (!options.hub_cache.empty()) setenv("HF_HUB_CACHE", options.hub_cache.c_str(), 1);
  MergeCommand merge = options.merge;
  merge.overwrite = true;
  if (!options.ineffective.empty())
    merge.warnings.push_back(fmt::format("no effect here: {}", fmt::join(options.ineffective, ", ")));
  return merge;
}

}  // namespace wootz::cli
