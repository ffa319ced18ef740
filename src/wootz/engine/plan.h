// What a merge will do, known from recipe and headers alone: no tensor is read and nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/engine/sources.h"
#include "wootz/methods/stage.h"

namespace wootz {

struct PlanOptions {
  std::uint64_t shard_size =
      5'000'000'000;           ///< bytes of tensor data in one output file, at most (a larger tensor gets its own)
  bool allow_missing = false;  ///< a tensor that a model lacks counts as equal to the base
};

/// One tensor of the output.
struct PlannedTensor {
  std::string name;
  Shape shape;
  std::uint64_t size = 0;                ///< elements
  Dtype dtype = Dtype::kF32;             ///< stored in the output
  std::uint64_t bytes = 0;               ///< of output data
  std::size_t shard = 0;                 ///< index into MergePlan::shards
  std::uint64_t offset = 0;              ///< of the first byte, in the shard's file
  std::optional<std::size_t> merged;     ///< index into MergePlan::contexts[g]; none: copied from the donor
  const TensorInfo* base = nullptr;      ///< null without a base
  std::vector<const TensorInfo*> lanes;  ///< one a lane; null: missing, equal to the base
};

struct OutputShard {
  std::string name;
  std::string header;                ///< the file's first bytes
  std::uint64_t size = 0;            ///< of the file
  std::vector<std::size_t> tensors;  ///< indices into MergePlan::tensors, by offset
};

/// One stage of the pipeline and the parameters it runs with.
struct PlannedStage {
  const TransformSpec* transform = nullptr;  ///< null for the combination, which comes last
  std::size_t group = 0;                     ///< index into MergePlan::contexts
  bool whole_model = false;                  ///< one stage object serves all tensors
  std::string method;                        ///< for people
};

struct MergePlan {
  Recipe recipe;
  PlanOptions options;
  Sources sources;
  std::vector<PlannedTensor> tensors;  ///< in output order
  std::vector<OutputShard> shards;
  std::vector<PlannedStage> stages;
  /// One list a parameter group (each transform of the recipe, then the method), of the merged tensors in order.
  std::vector<std::vector<TensorContext>> contexts;
  std::vector<std::size_t> merged_tensors;  ///< indices into tensors, in order
  Granularity granularity = Granularity::kElement;

  std::uint64_t input_bytes() const;   ///< one reading of everything that is merged or copied
  std::uint64_t output_bytes() const;  ///< all shards
};

/// A plan with everything that was found; the plan is usable only without errors.
struct PlannedMerge {
  MergePlan plan;
  Diagnostics diagnostics;
};
PlannedMerge plan_merge(Recipe recipe, OpenedSources opened, const PlanOptions& options);

}  // namespace wootz
