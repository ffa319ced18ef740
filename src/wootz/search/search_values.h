// The values of a search as people write them.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// "0:1:0.1" (from, to, step; both ends belong to it) or "0.2,0.3,0.5". Fails (kUsage) on anything else.
Result<std::vector<double>> parse_grid(std::string_view text);

/// "0:0.6". Fails (kUsage) on anything else.
Result<std::pair<double, double>> parse_range(std::string_view text);

}  // namespace wootz
