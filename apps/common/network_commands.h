// The commands that run networks: `wootz` lists them, `wootz-nn` has them.
#pragma once

#include <span>
#include <string_view>

namespace wootz::cli {

struct NetworkCommand {
  std::string_view name;
  std::string_view arguments;  ///< as help shows them: "MODEL..."
  std::string_view summary;
};

std::span<const NetworkCommand> network_commands();

/// nullptr when there is none of that name.
const NetworkCommand* find_network_command(std::string_view name);

}  // namespace wootz::cli
