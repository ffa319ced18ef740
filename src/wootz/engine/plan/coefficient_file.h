// The coefficient table that a recipe names, from disk.
#pragma once

#include "wootz/io/file.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

/// Reads the table of recipe.coefficients, if it names one, and sets it. The path counts from the recipe's folder.
/// Requires: a recipe without errors.
Diagnostics read_coefficients(FileSystem& files, Recipe& recipe);

}  // namespace wootz
