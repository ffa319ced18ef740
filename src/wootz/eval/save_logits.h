// What a model said of every item, for other programs.
#pragma once

#include <map>
#include <string>

#include "wootz/eval/evaluate.h"

namespace wootz {

/// Writes "logits" [n, C] F32 and "labels" [n] I64 in the data set's order, and `metadata`, atomically; missing
/// directories are made. docs/formats/logits.md describes the file.
Result<> save_logits(FileSystem& files, const std::string& path, const Evaluation& evaluation, std::size_t classes,
                     const std::map<std::string, std::string>& metadata);

}  // namespace wootz
