// `models:`, the list of the checkpoints to merge.
#pragma once

#include <optional>
#include <vector>

#include "wootz/recipe/parameters.h"
#include "wootz/recipe/recipe.h"
#include "wootz/recipe/recipe_keys.h"

namespace wootz {

struct ModelList {
  std::vector<RecipeModel> models;
  TextPlace place;    ///< of the key
  bool whole = true;  ///< false when an entry could not be read, which was reported
};

/// Reads the models of a recipe. Without `stages` (when the merge method is unknown) parameters and tasks are not
/// looked at.
ModelList read_models(const RecipeKeys& keys, const std::optional<RecipeStages>& stages,
                      const std::optional<RecipeModel>& base, Reporter& report);

}  // namespace wootz
