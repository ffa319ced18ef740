// Runs a case with the engine, as `wootz merge` would: models on disk, a recipe, a plan, a merge, and what it wrote.
#pragma once

#include "cases/case_data.h"
#include "support/temp_dir.h"
#include "wootz/engine/merge.h"

namespace wootz::cases {

/// What a merge wrote.
struct Output {
  std::vector<std::vector<double>> values;  ///< by tensor of the case
  std::string weights;                      ///< bytes of the weight files, in order
  std::string manifest;

  bool operator==(const Output&) const = default;
};

/// How it is run. Nothing of this may change a value.
struct RunOptions {
  std::size_t threads = 1;
  std::uint64_t max_memory = std::uint64_t{1} << 30;
  std::uint64_t shard_size = std::uint64_t{1} << 40;
};

/// The models of a case on disk, where merges of it are run.
class CaseModels {
 public:
  CaseModels(const std::vector<CaseTensor>& tensors, Dtype dtype);

  /// `extra` are lines for the end of the recipe, such as "out_dtype: float64\n".
  Result<Output> run(const Case& one, const RunOptions& options = {}, const std::string& extra = "");

 private:
  testing::TempDir folder_;
  std::vector<std::string> names_;  // of the tensors
};

}  // namespace wootz::cases
