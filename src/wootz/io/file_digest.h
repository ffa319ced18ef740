// The digest of a file of any size, read piece by piece.
#pragma once

#include <string>

#include "wootz/io/file.h"

namespace wootz {

/// What bytes_digest gives for the file's bytes.
Result<std::string> file_digest(FileSystem& files, const std::string& path);

}  // namespace wootz
