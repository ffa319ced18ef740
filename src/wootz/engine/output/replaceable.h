// What an output may be called, and what --overwrite may remove.
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

/// The same for an output that must not be there at all unless it may be overwritten.
Result<> check_output(FileSystem& files, const std::string& output, bool overwrite, const std::string& recipe,
                      const std::vector<std::string>& inputs);

/// Where an output can appear by a rename, under a name of its own, and have what is unfinished beside it: "x/.", "."
/// and links become the directory they mean.
std::string output_path(const std::string& given);

}  // namespace wootz
