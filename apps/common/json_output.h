// What several commands print as JSON.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

#include "console.h"
#include "wootz/core/diagnostic.h"

namespace wootz::cli {

using Json = nlohmann::ordered_json;

/// JSON has no NaN or infinity; null stands for both.
inline Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Names in files need not be UTF-8; what is not is replaced.
inline void print_json(const Json& json) { print_out(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"); }

/// The diagnostics of one severity: [{"message": ..., "file": ..., "line": ..., "column": ...}], the place where known.
Json json_diagnostics(const Diagnostics& diagnostics, Diagnostic::Severity severity);

}  // namespace wootz::cli
