// Numbers for people, and sizes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"

namespace wootz::cli {

/// "4096", "500M", "5GB" (decimal: powers of 1000), "1GiB" (binary: powers of 1024), "1.5G"; as in mergekit, "5B" is
/// five billion. Case does not matter. Fails (kUsage) on anything else, and on 0.
Result<std::uint64_t> parse_size(std::string_view text);

/// A size a second: "2GB/s", or a plain size.
Result<std::uint64_t> parse_rate(std::string_view text);

/// "0.31 s", "4.2 s", "12 s", "3 min 05 s", "2 h 07 min"
std::string format_duration(double seconds);

/// "1.2 GiB/s"
std::string format_rate(double bytes_per_second);

/// "1,234,567"
std::string format_count(std::uint64_t count);

/// "1 tensor", "1,234 tensors"
std::string count_of(std::uint64_t count, std::string_view noun);

/// A share in per cent, without the sign: "73.65"
std::string format_percent(double share);

/// Four significant digits.
std::string format_number(double value);

/// Breaks text at spaces into lines of at most `width` characters. Line breaks in it are kept; list items ("- ", "1. ")
/// hang.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace wootz::cli
