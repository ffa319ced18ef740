// What a text must be before a YAML parser may see it.
#pragma once

#include <string_view>

#include "wootz/yaml/report.h"

namespace wootz {

/// False, with one error, when the text is too large, not UTF-8, or holds control characters (yaml-cpp takes the byte 4
/// for the end of the file and would drop the rest in silence).
bool check_text(std::string_view text, Reporter& report);

}  // namespace wootz
