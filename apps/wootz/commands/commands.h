// The commands: what each is told, and what runs it. Every run prints its results and returns the process's exit code,
// or an error that main prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "recipe_input.h"
#include "wootz/engine/merge.h"

namespace wootz::cli {

struct MergeCommand {
  PlanInput input;
  std::string output;
  Part part;
  bool overwrite = false;
  bool sync = true;
  bool verbose = false;
  bool quiet = false;
  bool json = false;
  std::vector<std::string> warnings;  ///< about the command line
};

struct PlanCommand {
  PlanInput input;
  std::string output;                          ///< "": not said
  std::uint64_t assumed_rate = 1'000'000'000;  ///< bytes a second, read and written together
  bool json = false;
};

struct InspectCommand {
  enum class View { kDefault, kTensors, kLayers };
  std::vector<std::string> models;
  std::optional<std::string> base;
  View view = View::kDefault;
  std::size_t threads = 0;
  bool quiet = false;
  bool json = false;
};

struct VerifyCommand {
  std::string output;
  std::size_t threads = 0;
  bool quiet = false;
  bool json = false;
};

struct MethodsCommand {
  std::string name;      ///< "": all
  std::string markdown;  ///< a directory for the reference pages; "": none
  bool json = false;
};

/// Help or the version: text to print.
struct PrintCommand {
  std::string text;
};

/// A command that runs networks: wootz-nn takes the process over.
struct HandOverCommand {
  std::vector<std::string> arguments;  ///< the command's name first
};

using Command = std::variant<PrintCommand, MergeCommand, PlanCommand, InspectCommand, VerifyCommand, MethodsCommand,
                             HandOverCommand>;

Result<int> run(const PrintCommand& command);
Result<int> run(const MergeCommand& command);
Result<int> run(const PlanCommand& command);
Result<int> run(const InspectCommand& command);
Result<int> run(const VerifyCommand& command);
Result<int> run(const MethodsCommand& command);
Result<int> run(const HandOverCommand& command);

}  // namespace wootz::cli
