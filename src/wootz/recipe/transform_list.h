// A list of transforms, as it stands under `task_vectors:` and `update:`.
#pragma once

#include <string_view>
#include <vector>

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

struct TransformList {
  std::vector<RecipeTransform> transforms;
  bool whole = true;  ///< false when an entry could not be read, which was reported
};

/// Reads the value of `key`.
TransformList read_transform_list(const YamlNode& node, std::string_view key, const Registry& registry,
                                  Reporter& report);

}  // namespace wootz
