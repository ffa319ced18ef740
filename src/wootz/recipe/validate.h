// What must hold across the keys of a recipe.
#pragma once

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/report.h"

namespace wootz {

/// Checks a recipe whose method and models were read: base, number of models, duplicates, transforms, required
/// parameters. `models` is the place of the key.
void validate(const Recipe& recipe, TextPlace models, Reporter& report);

/// The values of the whole pipeline that are the same for every tensor, checked against MethodSpec::check; those that
/// differ are left to check_coverage. Requires: no errors so far.
void check_constant_values(const Recipe& recipe, Reporter& report);

/// Whether a stage's values are the same for every tensor. `settings` is what the recipe says for the stage.
bool is_constant(const MethodSpec& method, const Recipe& recipe, const std::vector<ParamSetting>& settings);

/// The same of an entry of `update`.
bool is_constant(const RecipeTransform& update);

}  // namespace wootz
