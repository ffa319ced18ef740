// `models:`, the list of the checkpoints to merge.
#pragma once

#include <optional>
#include <vector>

#include "wootz/recipe/recipe.h"
#include "wootz/recipe/recipe_keys.h"

namespace wootz {

struct ModelList {
  std::vector<RecipeModel> models;
  TextPlace place;    ///< of the key
  bool whole = true;  ///< false when an entry could not be read, which was reported
};

/// Reads the models of a recipe. `method` is the merge method, or nullptr when it is unknown: parameters and tasks are
/// not looked at then.
ModelList read_models(const RecipeKeys& keys, const MethodSpec* method, const std::vector<RecipeTransform>& transforms,
                      const std::optional<RecipeModel>& base, Reporter& report);

}  // namespace wootz
