// What `wootz adapt` prints.
#pragma once

#include <string>

#include "json_output.h"
#include "process_memory.h"
#include "wootz/adapt/adapt.h"

namespace wootz::cli {

/// `peak`: the most of both kinds of memory.
Json adapt_json(const std::string& output, const AdaptReport& report, const ProcessMemory& peak);
std::string adapt_text(const std::string& output, const AdaptReport& report);

}  // namespace wootz::cli
