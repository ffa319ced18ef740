// Scalars as PyYAML and pydantic read them for mergekit, whatever the process locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wootz/core/result.h"

namespace wootz {

/// A finite number: `1e-5`, `.5`, `+3`, `1_000`. The error message says what the text is instead, to follow "'x' ".
Result<double> parse_number(std::string_view text);

/// true/yes/on and false/no/off in any case, or a number equal to 1 or 0.
std::optional<bool> parse_flag(std::string_view text);

/// A whole number from 0 to 2^64 - 1.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

}  // namespace wootz
