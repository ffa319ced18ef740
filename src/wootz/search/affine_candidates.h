// Internal to search: candidates as the origin and a sum of values times differences from it.
#pragma once

#include "wootz/search/candidates.h"

namespace wootz {

/// Merges once for each number of a candidate, with 1 for it and 0 for the others, into F32. Requires: the target's
/// effect allows it.
Result<std::unique_ptr<Candidates>> make_affine_candidates(FileSystem& files, const MergePlan& plan,
                                                           const Target& target, const CandidateOptions& options);

}  // namespace wootz
