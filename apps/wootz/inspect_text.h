// An inspection as tables.
#pragma once

#include <string>

#include "commands/commands.h"
#include "wootz/engine/inspect/inspect.h"

namespace wootz::cli {

std::string inspection_text(const Inspection& inspection, InspectCommand::View view);

/// Short names for models: the last part of a path where that tells them apart, else the whole.
std::vector<std::string> short_names(const std::vector<std::string>& references);

}  // namespace wootz::cli
