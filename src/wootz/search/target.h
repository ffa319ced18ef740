// Internal to search: the parameter that is looked for, and recipes with a value for it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/engine/plan/plan.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

struct Target {
  std::string name;  ///< "lambda", "ties.density"
  const ParamSpec* spec = nullptr;
  std::optional<std::size_t> transform;  ///< index into Recipe::transforms; none: of the merge method
  bool per_model = false;                ///< a value for each lane, else one for all

  /// How many numbers a candidate is.
  std::size_t dimensions(const Recipe& recipe) const { return per_model ? recipe.lanes().size() : 1; }
};

/// The parameter of a name; "": lambda if the merge method has it (unless values are wanted per model), else its
/// weight, t or scale. With `per_model`, a per-model parameter of the merge method has a value for each model. Fails
/// (kUsage) when there is none of that name, or it is no number.
Result<Target> find_target(const Recipe& recipe, std::string_view name, bool per_model);

/// Fails (kUsage) when a value is not one the parameter may have.
Result<> check_value(const Target& target, double value);

/// The recipe with the values in place of whatever it said of the parameter: of all models and tensors, or in the order
/// of recipe.lanes(). Its text is written anew.
Recipe with_values(const Recipe& recipe, const Target& target, std::span<const double> values);

/// Whether one weight for all models changes nothing, because it is divided out again.
bool is_divided_out(const MergePlan& plan, const Target& target);

/// Whether the effect the parameter's declaration promises holds for every tensor of a plan.
bool effect_holds(const MergePlan& plan, const Target& target);

}  // namespace wootz
