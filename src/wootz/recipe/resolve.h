// Looking up what a recipe says for one tensor.
#pragma once

#include <optional>

#include "wootz/recipe/recipe.h"

namespace wootz {

/// The first rule for a tensor, or nullptr.
const ParamRule* find_rule(const std::vector<ParamSetting>& settings, std::string_view parameter,
                           std::string_view tensor_name);

/// The rule that decides a parameter of a stage for a tensor: of the model (unless `model` is null or has no say in
/// this stage), else of the stage's settings, else nullptr.
const ParamRule* deciding_rule(const MethodSpec& method, const Recipe& recipe, const RecipeModel* model,
                               const std::vector<ParamSetting>& settings, const ParamSpec& spec,
                               std::string_view tensor_name);

/// The parameter that a coefficient table gives, or nullptr when the method has none for each model.
const ParamSpec* coefficient_param(const MethodSpec& method);

/// Whether a parameter of a stage comes from the recipe's coefficient table.
bool takes_coefficients(const MethodSpec& method, const Recipe& recipe, const ParamSpec& spec);

/// Whether all models set a per-model parameter of a stage themselves.
bool every_lane_sets(const Recipe& recipe, const MethodSpec& method, const ParamSpec& spec);

}  // namespace wootz
