// The keys of a recipe: which ones it has, and which ones it seems to mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// The keys of a recipe after every unknown one was reported.
class RecipeKeys {
 public:
  /// Reports the keys that no recipe has. `root` is a mapping and must outlive the result.
  static RecipeKeys check(const YamlNode& root, Reporter& report);

  /// The entry of a key, or nullptr.
  const YamlEntry* entry(std::string_view key) const { return root_->find(key); }
  /// The value of a key, or nullptr when the key is absent or has no value.
  const YamlNode* value(std::string_view key) const;

  /// Whether an unknown key is probably a misspelling of this one. A reader of a required key asks this, so that one
  /// mistake is not reported twice.
  bool is_misspelled(std::string_view key) const;
  /// Whether the models stand under a key that is not supported, which has been reported.
  bool has_models_elsewhere() const { return models_elsewhere_; }

 private:
  const YamlNode* root_ = nullptr;
  std::vector<std::string> misspelled_;
  bool models_elsewhere_ = false;
};

}  // namespace wootz
