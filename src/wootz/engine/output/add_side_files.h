// For files that come to an output after its merge.
#pragma once

#include <string>
#include <vector>

#include "wootz/io/file.h"

namespace wootz {

/// Records the digests of these files of `directory` in its manifest, new ones and ones that were replaced.
Result<> add_side_files(FileSystem& files, const std::string& directory, const std::vector<std::string>& names);

}  // namespace wootz
