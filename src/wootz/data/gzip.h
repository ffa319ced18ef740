// Internal to data: gzip files in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wootz/core/result.h"

namespace wootz {

/// The first `limit` bytes of what was compressed, or all when it is no more. Fails (kInput) when the part that is
/// needed for that is damaged or cut short; with all of it read, its checksum is checked. Requires: limit > 0.
Result<std::string> gunzip(std::string_view compressed, std::size_t limit);

/// More bytes than that many compressed ones can stand for.
constexpr std::uint64_t gunzip_bound(std::uint64_t compressed_size) { return 1032 * compressed_size + 64; }

}  // namespace wootz
