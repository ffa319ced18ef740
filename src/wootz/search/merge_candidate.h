// Internal to search: one merge of the engine, as candidates need it.
#pragma once

#include "wootz/search/candidates.h"

namespace wootz {

/// Merges into a folder of the work directory and returns its path. What was there is replaced. With `dtype` the
/// output has that one instead of the recipe's.
Result<std::string> merge_candidate(FileSystem& files, Recipe recipe, const std::string& folder,
                                    std::optional<Dtype> dtype, const CandidateOptions& options);

}  // namespace wootz
