// Parameter values of a recipe: constants, gradients, filters.
#pragma once

#include <optional>
#include <string_view>

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// Reads `name: value` of a declared parameter. What is wrong is reported and left out of the rules.
ParamSetting read_setting(const YamlEntry& entry, const ParamSpec& spec, Reporter& report);

/// nullptr when `specs` declares no such name.
const ParamSpec* find_param(const std::vector<ParamSpec>& specs, std::string_view name);

/// nullptr when `settings` says nothing of the name.
const ParamSetting* find_setting(const std::vector<ParamSetting>& settings, std::string_view name);

}  // namespace wootz
