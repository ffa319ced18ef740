// A merge recipe as plain data: mergekit's YAML for whole models, plus `task_vectors:`, `update:` and `coefficients:`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wootz/core/diagnostic.h"
#include "wootz/core/dtype.h"
#include "wootz/methods/registry.h"
#include "wootz/recipe/adapt_section.h"

namespace wootz {

/// One value, or a gradient: anchors spread evenly over the layers, linear in between.
struct ParamRule {
  std::string filter;           ///< a substring of the tensor name; "" matches every tensor
  std::vector<double> anchors;  ///< one: a constant; more: a gradient. Flags are 0/1, choices their index
  SourcePlace place;
};

/// What a recipe says of one parameter at one place: the first rule whose filter matches decides.
struct ParamSetting {
  std::string name;
  std::vector<ParamRule> rules;
};

struct RecipeModel {
  std::string reference;  ///< as written: a path or a Hub name, with '@revision' if it has one
  std::string task;       ///< what the model was fine-tuned for, where a merge learns from data; "" otherwise
  std::vector<ParamSetting> parameters;
  SourcePlace place;
};

/// One entry of `task_vectors:` or `update:`.
struct RecipeTransform {
  const MethodSpec* method = nullptr;
  std::vector<ParamSetting> parameters;
  SourcePlace place;
};

struct CoefficientTable;

/// `coefficients:`, a file with the merge method's `weight` for every tensor and model.
struct RecipeCoefficients {
  std::string path;                               ///< as written, relative to the recipe's folder
  SourcePlace place;                              ///< of the path
  std::shared_ptr<const CoefficientTable> table;  ///< null until load_coefficients (coefficients.h) has set it
};

struct Recipe {
  std::string file;  ///< its path, "" when made in memory
  /// The recipe as outputs carry it and as unfinished runs are told apart by it: what was read, verbatim, with what the
  /// functions of change.h have added, or what they have written. Only they and parse_recipe set it.
  std::string text;
  bool takes_seed_line = false;  ///< whether `seed: 1` as a further line of the text would set the seed
  const MethodSpec* method = nullptr;
  SourcePlace method_place;
  std::vector<RecipeModel> models;          ///< in order, as written
  std::optional<RecipeModel> base;          ///< `base_model`
  std::vector<ParamSetting> parameters;     ///< of the whole
  std::vector<RecipeTransform> transforms;  ///< `task_vectors`: of each lane, before the merge method
  std::vector<RecipeTransform> updates;     ///< `update`: of what the merge method adds to the base, in order
  std::optional<RecipeCoefficients> coefficients;
  std::optional<Dtype> dtype;
  std::optional<Dtype> out_dtype;
  std::optional<std::string> tokenizer_source;  ///< a model reference whose tokenizer files are copied; none: the base
  std::uint64_t seed = 0;
  std::optional<AdaptSettings> adapt;  ///< exactly where the method learns from data

  /// Indices of the models that become lanes of the pipeline: all but the base where the method requires one, else all
  /// listed. A required base is never a lane and need not be listed.
  std::vector<std::size_t> lanes() const;
};

/// What a text says, with all findings at once, in the order of the text. The recipe is usable only without errors;
/// `registry` must outlive it.
struct ParsedRecipe {
  Recipe recipe;
  Diagnostics diagnostics;
};
ParsedRecipe parse_recipe(std::string_view yaml, std::string file, const Registry& registry);

/// What only the names of the tensors to merge can tell: a required parameter that no filter gives to some tensor,
/// values of one tensor that do not go together (MethodSpec::check), and, as warnings, filters that match no tensor.
/// Requires: a recipe without errors, its coefficients loaded.
Diagnostics check_coverage(const Recipe& recipe, const std::vector<std::string>& tensor_names);

/// Where a tensor stands in a model, found from its name alone.
struct LayerPlace {
  double position = 0.0;  ///< 0 at the first layer (and outside layers), 1 at the last
};

/// The layer positions of a set of tensor names: the first all-digit component of a dotted name is the layer, names
/// with the same prefix before it form one stack of (highest layer + 1) layers. A stack of one layer is at 1, as in
/// mergekit.
std::vector<LayerPlace> layer_places(const std::vector<std::string>& tensor_names);

/// The parameter values of `method` for one tensor, per-model ones in the order of recipe.lanes(): model, then recipe,
/// then default, as in mergekit; a coefficient table gives the merge method's `weight` instead. `settings` is
/// recipe.parameters for the merge method and a transform's own for that; a model's settings reach a transform where
/// the merge method has no parameter of that name. Requires: a recipe that passed parse_recipe and check_coverage.
ParamSet resolve_parameters(const MethodSpec& method, const Recipe& recipe, const std::vector<ParamSetting>& settings,
                            std::string_view tensor_name, LayerPlace place);

/// The parameter values of an entry of `update` for one tensor. The merged update is one lane and belongs to no model,
/// so per-model parameters have one value. Requires: a recipe that passed parse_recipe and check_coverage.
ParamSet resolve_update_parameters(const RecipeTransform& update, std::string_view tensor_name, LayerPlace place);

}  // namespace wootz
