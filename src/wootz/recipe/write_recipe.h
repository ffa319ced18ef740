// A recipe as YAML again.
#pragma once

#include <string>
#include <string_view>

#include "wootz/recipe/recipe.h"

namespace wootz {

/// YAML that parse_recipe reads as the same recipe: same method, models, values, filters and gradients. Comments and
/// layout of the text that was read are lost; each line of `comment` stands at the top, after "# ". References stay as
/// they are. Requires: a recipe without errors, of a method that does not learn from data.
std::string write_recipe(const Recipe& recipe, std::string_view comment = "");

/// recipe.text with another path under `coefficients`: only the path changes where it is plainly written there, else
/// the recipe is written anew. Requires: a recipe without errors that has `coefficients`.
std::string with_coefficients(const Recipe& recipe, const std::string& path);

}  // namespace wootz
