// The files beside the weights: configuration and tokenizer copied byte for byte, the recipe with its coefficient
// table, the model card.
#pragma once

#include <map>
#include <string>

#include "wootz/engine/plan/plan.h"

namespace wootz {

/// Names of the donor's files that belong to the model and are copied: JSON, tokenizer, templates and the like;
/// never weights, hidden files, or what Wootz writes itself.
Result<std::vector<std::string>> companion_files(FileSystem& files, const std::string& directory);

/// Copies them, except those named.
Result<> copy_companions(FileSystem& files, const std::string& from, const std::string& to,
                         const std::vector<std::string>& except = {});

/// Writes everything but weights and manifest into `directory`. Returns digests by file name.
/// config.json is the donor's, except that its dtype word follows the output when the recipe changes the dtype. The
/// recipe is the user's, except that it names its coefficient table where the copy lies.
Result<std::map<std::string, std::string>> write_side_files(FileSystem& files, const MergePlan& plan,
                                                            const std::string& directory);

/// README.md, as the Hub shows it.
std::string model_card(const MergePlan& plan);

}  // namespace wootz
