// What --overwrite may remove.
#pragma once

#include <string>
#include <vector>

#include "wootz/io/file.h"

namespace wootz {

/// Replacing means removing what is there: only something that is a model and nothing else is replaced, and nothing
/// that is read: not the recipe's directory, and none of `inputs` (directories). No output there yet is fine. Fails
/// (kUsage) saying why.
Result<> check_replaceable(FileSystem& files, const std::string& output, const std::string& recipe,
                           const std::vector<std::string>& inputs);

}  // namespace wootz
