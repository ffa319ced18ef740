// Internal to io: the header of a .safetensors file on disk.
#pragma once

#include <cstdint>
#include <string>

#include "wootz/io/file.h"
#include "wootz/io/safetensors.h"

namespace wootz {

struct SafetensorsFile {
  SafetensorsHeader header;
  std::uint64_t data_begin = 0;  ///< offset of the first tensor's data in the file
  std::string header_digest;     ///< bytes_digest of everything before data_begin
};

/// Reads and checks the header against the size of the file. Errors name the file.
Result<SafetensorsFile> read_safetensors_file(const ReadableFile& file);

}  // namespace wootz
