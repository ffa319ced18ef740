// A recipe as YAML again.
#pragma once

#include <string>
#include <string_view>

#include "wootz/recipe/recipe.h"

namespace wootz {

/// YAML that parse_recipe reads as the same recipe: same method, models, values, filters and gradients. Comments and
/// layout of recipe.text are lost; each line of `comment` stands at the top, after "# ". References stay as they are.
/// Requires: a recipe without errors.
std::string write_recipe(const Recipe& recipe, std::string_view comment = "");

}  // namespace wootz
