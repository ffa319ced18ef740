// Internal to search: merged models for a candidate's values, at as little cost as the method allows.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "wootz/engine/merge.h"
#include "wootz/nn/model.h"
#include "wootz/search/target.h"

namespace wootz {

/// How candidates come about.
enum class Route {
  kScaled,  ///< one merge, whose difference from the origin is scaled
  kAdded,   ///< one merge for each model, whose differences from the origin are added up
  kMerged,  ///< a merge for each candidate
};

struct CandidateOptions {
  std::string work_directory;                          ///< exists; the merges go there
  std::uint64_t kept_memory = std::uint64_t{2} << 30;  ///< bytes of merges held in memory instead of read again
  ModelOptions model;
  ProgressCallback progress;  ///< of merges; may be empty
};

/// The models of a search, one after another.
class Candidates {
 public:
  virtual ~Candidates() = default;
  virtual Route route() const = 0;
  /// The network with the values' merged parameters, until the next call.
  virtual Result<const Model*> get(std::span<const double> values) = 0;
  /// Whole merges that were run.
  virtual std::size_t merges() const = 0;
  /// Bytes of parameters that stay in memory.
  virtual std::uint64_t memory() const = 0;
};

/// Chooses the route for a target. Candidates are rounded to the dtype the merged model will have. `plan` is the
/// recipe's own, and outlives what is returned.
Result<std::unique_ptr<Candidates>> make_candidates(FileSystem& files, const MergePlan& plan, const Target& target,
                                                    const CandidateOptions& options);

}  // namespace wootz
