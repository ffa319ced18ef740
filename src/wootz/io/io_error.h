// The words for failures of the operating system, shared by the real file system and its failing twin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wootz/core/result.h"

namespace wootz {

/// "cannot <action> '<path>': <reason> ...": kInput when nothing (or the wrong kind of thing) is there, else kIo.
Error system_error(std::string_view action, const std::string& path, int error);

/// A full disk or quota; `missing` is how many bytes more the operation needs.
Error no_space_error(const std::string& path, std::uint64_t missing, int error);

/// A read that met the end of the file: bytes [offset, offset + length) were wanted, the file now ends at `size`.
Error shrunk_error(const std::string& path, std::uint64_t offset, std::uint64_t length, std::uint64_t size);

}  // namespace wootz
