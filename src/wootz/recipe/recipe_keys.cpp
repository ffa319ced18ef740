#include "wootz/recipe/recipe_keys.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/recipe/unsupported.h"

namespace wootz {
namespace {

const std::vector<std::string> kKeys = {"merge_method",     "base_model",   "models",   "parameters", "task_vectors",
                                        "update",           "coefficients", "dtype",    "out_dtype",  "seed",
                                        "tokenizer_source", "adapt",        "efficient"};

}  // namespace

RecipeKeys RecipeKeys::check(const YamlNode& root, Reporter& report) {
  RecipeKeys keys;
  keys.root_ = &root;
  for (const YamlEntry& entry : root.entries) {
    if (std::find(kKeys.begin(), kKeys.end(), entry.key) != kKeys.end()) continue;
    if (const std::string_view reason = unsupported_key(entry.key); !reason.empty()) {
      if (entry.value->is_null()) continue;  // mergekit ignores such a key as well
      report.error(entry.place, "{}", reason);
      if (entry.key == "slices" || entry.key == "modules") keys.models_elsewhere_ = true;
    } else {
      report.error(entry.place, "unknown key {}{}", shown(entry.key), suggestion(entry.key, kKeys));
      keys.misspelled_.emplace_back(nearest(entry.key, kKeys));
    }
  }
  return keys;
}

const YamlNode* RecipeKeys::value(std::string_view key) const {
  const YamlEntry* found = entry(key);
  return found == nullptr || found->value->is_null() ? nullptr : found->value;
}

bool RecipeKeys::is_misspelled(std::string_view key) const {
  return std::find(misspelled_.begin(), misspelled_.end(), key) != misspelled_.end();
}

}  // namespace wootz
