#include "network_commands.h"

#include <array>

namespace wootz::cli {
namespace {

constexpr std::array<NetworkCommand, 7> kCommands = {{
    {"adapt", "RECIPE OUT", "learn a merge's coefficients from unlabeled data, and merge with them"},
    {"eval", "MODEL...", "measure the accuracy of models on tasks, also under corruptions"},
    {"finetune", "RECIPE OUT", "fine-tune a model on a task: all parameters, or LoRA adapters"},
    {"fold", "MODEL OUT", "turn a model with routed modules into a plain one, for given data"},
    {"heads", "COMMAND", "make classifier heads from class names or from example images"},
    {"routing", "MODEL", "show which experts a model's routers draw on, by task and module"},
    {"search", "RECIPE OUT", "find a merge's coefficients on held-out data"},
}};

}  // namespace

std::span<const NetworkCommand> network_commands() { return kCommands; }

const NetworkCommand* find_network_command(std::string_view name) {
  for (const NetworkCommand& command : kCommands)
    if (command.name == name) return &command;
  return nullptr;
}

}  // namespace wootz::cli
