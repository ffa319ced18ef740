// What a merge will do, known from recipe and headers alone: no tensor is read and nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/engine/plan/sources.h"
#include "wootz/methods/stage.h"

namespace wootz {

struct PlanOptions {
  std::uint64_t shard_size =
      5'000'000'000;           ///< bytes of tensor data in one output file, at most (a larger tensor gets its own)
  bool allow_missing = false;  ///< a tensor that a model lacks counts as equal to the base
  bool keep_model = true;      ///< the merged model is an output
  bool keep_lanes = false;  ///< so is every lane after the recipe's transforms and the method's own, as a checkpoint of
                            ///< float32 task vectors in a folder that its number names
};

/// One lane of a tensor: what a model stores under its name.
struct PlannedLane {
  std::size_t model = 0;               ///< index into Sources::models
  const TensorInfo* tensor = nullptr;  ///< null: the model lacks it, and it counts as equal to the base
};

/// Where an output holds a tensor.
struct PlannedPlace {
  Dtype dtype = Dtype::kF32;
  std::uint64_t bytes = 0;
  std::size_t shard = 0;     ///< index into PlannedOutput::shards
  std::uint64_t offset = 0;  ///< of the first byte, in the shard's file
};

/// One tensor of the output, with all that its merge needs to know.
struct PlannedTensor {
  std::string name;
  Shape shape;
  std::uint64_t size = 0;                           ///< elements
  std::uint64_t row_size = 0;                       ///< elements of a row
  Dtype dtype = Dtype::kF32;                        ///< of the merged tensor
  std::uint64_t bytes = 0;                          ///< of output data, in all outputs
  std::vector<std::optional<PlannedPlace>> places;  ///< by output; none: it is no part of that
  std::optional<std::size_t> merged;  ///< its number among the merged tensors; none: copied from the donor
  const TensorInfo* base = nullptr;   ///< null without a base
  std::vector<PlannedLane> lanes;
  std::vector<TensorContext> contexts;         ///< of a merged tensor: one a parameter group
  std::vector<StageNeeds> needs;               ///< of a merged tensor: one a stage of MergePlan::stages
  Granularity blocks = Granularity::kElement;  ///< how blocks are cut: kRow where a stage needs whole rows
};

struct OutputShard {
  std::string name;
  std::string header;                ///< the file's first bytes
  std::uint64_t size = 0;            ///< of the file
  std::vector<std::size_t> tensors;  ///< indices into MergePlan::tensors, by offset
};

/// One checkpoint that a merge writes.
struct PlannedOutput {
  std::string folder;               ///< within the output directory; "" for its top
  std::optional<std::size_t> lane;  ///< the lane that it holds; none: the merged model
  std::vector<OutputShard> shards;
};

/// One stage of the pipeline and the parameters it runs with.
struct PlannedStage {
  const TransformSpec* transform = nullptr;  ///< null for the combination
  std::size_t group = 0;                     ///< index into PlannedTensor::contexts
  bool whole_model = false;                  ///< one stage object serves all tensors
  std::string method;                        ///< for people
};

struct MergePlan {
  Recipe recipe;
  PlanOptions options;
  Sources sources;
  std::vector<PlannedTensor> tensors;       ///< in output order
  std::vector<PlannedOutput> outputs;       ///< the merged model first, where it is kept
  std::vector<PlannedStage> stages;         ///< the recipe's transforms, the method's own, its combination, updates
  std::size_t combination = 0;              ///< index into stages
  std::vector<std::size_t> merged_tensors;  ///< indices into tensors, in order
  /// Whether the lanes enter the pipeline as task vectors (any transform wants them so), else as parameters.
  bool takes_task_vectors = true;
  /// Whether a combination of parameters follows transforms of task vectors, so that the base is added in between.
  bool restores_parameters = false;

  std::uint64_t input_bytes() const;   ///< one reading of everything that is merged or copied
  std::uint64_t output_bytes() const;  ///< all shards of all outputs

  /// Of the first output.
  const std::vector<OutputShard>& shards() const { return outputs.front().shards; }
  /// The stages that are run: up to the combination or the updates, or to the transforms where only lanes are kept.
  std::size_t stages_run() const { return options.keep_model ? stages.size() : combination; }

  const PlannedTensor& merged_tensor(std::size_t merged) const { return tensors[merged_tensors[merged]]; }
  /// The parameters of a group for the merged tensors, in order. Groups: the recipe's transforms in order, the method,
  /// the recipe's updates in order.
  std::size_t groups() const { return recipe.transforms.size() + 1 + recipe.updates.size(); }
  std::size_t method_group() const { return recipe.transforms.size(); }
  const TensorContext& context(std::size_t group, std::size_t merged) const {
    return merged_tensor(merged).contexts[group];
  }
  std::vector<const TensorContext*> contexts(std::size_t group) const;
  /// The method's parameters for the first merged tensor: of those that a recipe gives once, for all. Requires: one.
  const ParamSet& method_values() const { return context(method_group(), 0).params; }
};

/// A plan with everything that was found; the plan is usable only without errors.
struct PlannedMerge {
  MergePlan plan;
  Diagnostics diagnostics;
};
PlannedMerge plan_merge(Recipe recipe, OpenedSources opened, const PlanOptions& options);

}  // namespace wootz
