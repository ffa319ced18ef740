// What a method declares about itself. Everything else (command line, recipe validation, reference pages, law tests,
// planning) follows from these fields.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "wootz/methods/stage.h"

namespace wootz {

struct TransformSpec {
  Granularity granularity = Granularity::kElement;
  /// Whether the method's "scope" parameter applies: with "model" one stage serves all tensors, else one a tensor.
  bool scoped = false;
  /// Passes over the data before it can be applied, as a rule; samples count 0. For estimates only.
  double expected_passes = 0;
  std::function<std::unique_ptr<Transform>(StageScope)> make;
};

struct CombinationSpec {
  Granularity granularity = Granularity::kElement;
  double expected_passes = 0;
  std::function<std::unique_ptr<Combination>(StageScope)> make;  ///< always of one tensor
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
  bool idempotent = true;         ///< merging equal models with default weights returns the model
  bool needs_data = false;        ///< learns from a recipe's `adapt:` section; `combination` is what it starts from

  std::vector<TransformSpec> transforms = {};       ///< in order
  std::optional<CombinationSpec> combination = {};  ///< exactly for kMerge
};

}  // namespace wootz
