#include "wootz/recipe/transform_list.h"

#include "wootz/recipe/parameters.h"
#include "wootz/recipe/unsupported.h"

namespace wootz {
namespace {

std::optional<RecipeTransform> read_named(std::string_view name, TextPlace place, const YamlNode* parameters,
                                          const Registry& registry, Reporter& report) {
  const MethodSpec* method = registry.find(MethodKind::kTransform, name);
  if (method == nullptr) {
    report.error(place, "{}", unknown_transform(name, registry));
    return std::nullopt;
  }
  RecipeTransform transform{method, {}, report.at(place)};
  if (parameters != nullptr) transform.parameters = read_transform_parameters(*parameters, *method, report);
  return transform;
}

// A name, or a mapping of one name to its parameters.
std::optional<RecipeTransform> read_transform(const YamlNode& node, std::string_view key, const Registry& registry,
                                              Reporter& report) {
  if (node.is_scalar()) return read_named(node.text, node.place, nullptr, registry, report);
  if (node.is_mapping() && node.entries.size() == 1) {
    const YamlEntry& entry = node.entries.front();
    return read_named(entry.key, entry.place, entry.value, registry, report);
  }
  report.error(node.place, "an entry of '{}' is one transform, such as '- ties: {{density: 0.2}}'{}", key,
               node.is_mapping() && node.entries.size() > 1 ? "; start a new '- ' for each" : "");
  return std::nullopt;
}

}  // namespace

TransformList read_transform_list(const YamlNode& node, std::string_view key, const Registry& registry,
                                  Reporter& report) {
  TransformList list;
  if (!node.is_sequence()) {
    report.error(node.place, "'{}' must be a list, one transform an entry, such as '- ties: {{density: 0.2}}'", key);
    list.whole = false;
    return list;
  }
  for (const YamlNode* item : node.items) {
    if (std::optional<RecipeTransform> transform = read_transform(*item, key, registry, report))
      list.transforms.push_back(std::move(*transform));
    else
      list.whole = false;
  }
  return list;
}

}  // namespace wootz
