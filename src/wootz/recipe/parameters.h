// Which parameter belongs where: to the recipe, to a model, or to a transform. Each function reads one `parameters:`
// mapping and returns what it sets; what is wrong is reported and left out.
#pragma once

#include <span>

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// The stages of a recipe that declare parameters. All must outlive what refers to them.
struct RecipeStages {
  const MethodSpec& method;
  std::span<const RecipeTransform> transforms;
  std::span<const RecipeTransform> updates;
};

/// `parameters:` of the recipe.
std::vector<ParamSetting> read_recipe_parameters(const YamlNode& node, const RecipeStages& stages, Reporter& report);

/// `parameters:` of the model that `reference` names.
std::vector<ParamSetting> read_model_parameters(const YamlNode& node, std::string_view reference,
                                                const RecipeStages& stages, Reporter& report);

/// The parameters of a transform.
std::vector<ParamSetting> read_transform_parameters(const YamlNode& node, const MethodSpec& transform,
                                                    Reporter& report);

}  // namespace wootz
