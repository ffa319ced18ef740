// What a method declares about itself. Everything else (command line, recipe validation, reference pages, law tests,
// planning) follows from these fields.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "wootz/methods/stage.h"

namespace wootz {

/// What a stage needs for one tensor. Empty: blocks of any elements, no pass, no memory.
using NeedsOf = std::function<StageNeeds(const TensorContext&)>;

/// The same needs for every tensor.
NeedsOf needs_passes(double passes);

struct TransformSpec {
  /// Whether the method's "scope" parameter applies: with "model" one stage serves all tensors, else one a tensor.
  bool scoped = false;
  NeedsOf needs = {};
  std::function<Result<std::unique_ptr<Transform>>(StageScope)> make;

  StageNeeds needs_for(const TensorContext& tensor) const { return needs ? needs(tensor) : StageNeeds{}; }
};

struct CombinationSpec {
  NeedsOf needs = {};
  std::function<Result<std::unique_ptr<Combination>>(StageScope)> make;  ///< always of one tensor

  StageNeeds needs_for(const TensorContext& tensor) const { return needs ? needs(tensor) : StageNeeds{}; }
};

/// What the lanes hold.
enum class Lanes {
  kTaskVectors,  ///< model minus base; the base is no lane
  kParameters,   ///< the models' own values
};

/// How a base model stands to a method. A required base is never a lane (Block::base holds its values), also when a
/// recipe lists it among the models: slerp has one lane, the other end; model_stock averages the lanes.
enum class BaseUse {
  kNone,      ///< no special role: all listed models are lanes
  kRequired,  ///< must be named
};

enum class MethodKind {
  kMerge,      ///< a `merge_method:`
  kTransform,  ///< an entry of `task_vectors:`
};

/// A named set of defaults of a recipe's `adapt:` section, where a method learns from data.
struct AdaptPreset {
  std::string name;
  std::size_t steps = 0;
  std::size_t batches_per_step = 1;
  double learning_rate = 0.0;
  bool cosine = false;  ///< the rate falls to 0 as a cosine, instead of staying
  bool clamp = false;   ///< keeps coefficients in [0, 1]
  bool guard = false;
};

struct MethodSpec {
  MethodKind kind = MethodKind::kMerge;
  std::string name = {};       ///< as in a recipe
  std::string title = {};      ///< for people
  std::string summary = {};    ///< one sentence
  std::string reference = {};  ///< paper: title, year, arXiv id
  std::string formula = {};    ///< Markdown: the definition that is computed
  std::string notes = {};      ///< Markdown: differences from mergekit and from the paper, and why; may be empty
  std::vector<ParamSpec> parameters = {};

  Lanes lanes = Lanes::kTaskVectors;
  BaseUse base = BaseUse::kRequired;
  std::size_t min_models = 1;  ///< lanes
  std::size_t max_models = std::numeric_limits<std::size_t>::max();
  /// What single ranges cannot say: called with the values of each tensor, returns what is wrong with them and what to
  /// change, or "". May be empty.
  std::function<std::string(const ParamSet&)> check = {};
  bool stochastic = false;
  bool order_independent = true;  ///< permuting the models (with their parameters) changes rounding at most
  /// Works on whole matrices in float32 (methods/matrix_stage.h): results are as good as those, and a matrix that holds
  /// NaN or infinity is an error.
  bool whole_matrices = false;
  bool idempotent = true;  ///< merging equal models with default weights returns the model

  /// Of a method that learns from a recipe's `adapt:` section, whose `combination` is what it starts from; the first is
  /// what holds when none is named. Empty: the method learns nothing.
  std::vector<AdaptPreset> presets = {};
  bool learns() const { return !presets.empty(); }

  std::vector<TransformSpec> transforms = {};       ///< in order
  std::optional<CombinationSpec> combination = {};  ///< exactly for kMerge
};

}  // namespace wootz
