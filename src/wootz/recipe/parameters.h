// Which parameter belongs where: of the recipe, a model, or a transform.
#pragma once

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// Reads the `parameters:` mappings of a recipe whose method and transforms are known.
class ParameterReader {
 public:
  /// Both must outlive the reader.
  ParameterReader(const Recipe& recipe, Reporter& report) : recipe_(recipe), report_(report) {}

  std::vector<ParamSetting> of_recipe(const YamlNode& node) const;
  std::vector<ParamSetting> of_model(const YamlNode& node, std::string_view model) const;
  std::vector<ParamSetting> of_transform(const YamlNode& node, const MethodSpec& transform) const;

 private:
  bool is_mapping(const YamlNode& node) const;
  void not_of_recipe(const YamlEntry& entry, std::vector<ParamSetting>& settings) const;
  void not_of_model(const YamlEntry& entry, std::string_view model, std::vector<ParamSetting>& settings) const;
  const ParamSpec* model_param(std::string_view name) const;

  const Recipe& recipe_;
  Reporter& report_;
};

}  // namespace wootz
