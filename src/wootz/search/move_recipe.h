// Internal to search: a recipe for another place on disk.
#pragma once

#include <string>

#include "wootz/io/file.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

/// Rewrites the references of local models and the path of the coefficient table so that a recipe at `path` names the
/// same ones: relative paths stay relative. Absolute paths and Hub names stay as they are. Requires: the folder of
/// `path` exists.
void move_recipe(FileSystem& files, Recipe& recipe, const std::string& path);

}  // namespace wootz
