// Internal to data: the names of classes, in a file beside the data.
#pragma once

#include <string>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/file.h"

namespace wootz {

/// `classes.txt` in a directory: a name a line, in label order. Empty when there is no such file. Fails (kInput) on an
/// empty name or one that appears twice, naming file and line.
Result<std::vector<std::string>> read_class_names(FileSystem& files, const std::string& directory);

}  // namespace wootz
