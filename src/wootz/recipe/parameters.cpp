#include "wootz/recipe/parameters.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/unsupported.h"

namespace wootz {
namespace {

std::vector<std::string> names_of(const std::vector<ParamSpec>& specs) {
  std::vector<std::string> names;
  names.reserve(specs.size());
  for (const ParamSpec& spec : specs) names.push_back(spec.name);
  return names;
}

// Reports a name that nobody declares. A likely typo counts as set, so that it is not reported missing as well.
void unknown(const YamlEntry& entry, std::string_view where, const std::vector<std::string>& names, Reporter& report,
             std::vector<ParamSetting>& settings) {
  report.error(entry.place, "unknown parameter {} of {}{}", shown(entry.key), where,
               names.empty() ? " (it has none)" : suggestion(entry.key, names));
  if (const std::string_view meant = nearest(entry.key, names); !meant.empty())
    settings.push_back({std::string(meant), {}});
}

void warn_inert(const YamlEntry& entry, Reporter& report) {
  report.warning(entry.place, "'{}' has no effect: in mergekit it saves memory and does not change the result",
                 entry.key);
}

// The planner asks a transform for its scope before it looks at any tensor.
bool is_scope(const MethodSpec& method, const ParamSpec& spec) {
  const auto scoped = [](const TransformSpec& transform) { return transform.scoped; };
  return spec.name == "scope" && std::any_of(method.transforms.begin(), method.transforms.end(), scoped);
}

void read_one(const YamlEntry& entry, const MethodSpec& method, const ParamSpec& spec, Reporter& report,
              std::vector<ParamSetting>& settings) {
  const bool one_value = is_scope(method, spec) || (method.learns() && spec.scope == ParamScope::kGlobal);
  if (one_value && !entry.value->is_scalar())
    report.error(entry.value->place, "'{}' takes one value for all tensors: no list", spec.name);
  else
    settings.push_back(read_setting(entry, spec, report));
}

// A mapping, or an error. A key without a value sets nothing.
bool is_mapping(const YamlNode& node, Reporter& report) {
  if (node.is_mapping()) return true;
  if (!node.is_null())
    report.error(node.place, "parameters must be a mapping of names to values, such as {{weight: 0.5}}");
  return false;
}

// The first of the transforms that has a parameter of this name, or nullptr.
const MethodSpec* owner_of(std::string_view parameter, std::span<const RecipeTransform> transforms) {
  for (const RecipeTransform& transform : transforms)
    if (find_param(transform.method->parameters, parameter) != nullptr) return transform.method;
  return nullptr;
}

void reject_for_recipe(const YamlEntry& entry, const RecipeStages& stages, Reporter& report,
                       std::vector<ParamSetting>& settings) {
  const MethodSpec* of_lanes = owner_of(entry.key, stages.transforms);
  const MethodSpec* owner = of_lanes != nullptr ? of_lanes : owner_of(entry.key, stages.updates);
  if (owner != nullptr)
    report.error(entry.place,
                 "'{0}' is a parameter of the transform '{1}': write it there, '- {1}: {{{0}: ...}}' in {2}", entry.key,
                 owner->name, of_lanes != nullptr ? "task_vectors" : "update");
  else
    unknown(entry, fmt::format("merge_method '{}'", stages.method.name), names_of(stages.method.parameters), report,
            settings);
}

// The per-model parameter that a model's setting means: the merge method's, else that of the only transform that has
// one of this name. nullptr when there is none.
const ParamSpec* model_param(std::string_view name, const RecipeStages& stages) {
  const ParamSpec* spec = find_param(stages.method.parameters, name);
  if (spec != nullptr) return spec->scope == ParamScope::kModel ? spec : nullptr;
  for (const RecipeTransform& transform : stages.transforms) {
    const ParamSpec* other = find_param(transform.method->parameters, name);
    if (other == nullptr) continue;
    if (spec != nullptr || other->scope != ParamScope::kModel) return nullptr;
    spec = other;
  }
  return spec;
}

void reject_for_model(const YamlEntry& entry, std::string_view reference, const RecipeStages& stages, Reporter& report,
                      std::vector<ParamSetting>& settings) {
  if (find_param(stages.method.parameters, entry.key) != nullptr) {
    report.error(entry.place,
                 "'{}' is one value for all models, not one of {}: move it to the recipe's 'parameters' (mergekit "
                 "ignores it here)",
                 entry.key, shown(reference));
    return;
  }
  std::vector<std::string> names;
  std::vector<std::string> owners;
  for (const ParamSpec& spec : stages.method.parameters)
    if (spec.scope == ParamScope::kModel) names.push_back(spec.name);
  for (const RecipeTransform& transform : stages.transforms) {
    if (find_param(transform.method->parameters, entry.key) != nullptr) owners.push_back(transform.method->name);
    for (const ParamSpec& spec : transform.method->parameters)
      if (spec.scope == ParamScope::kModel) names.push_back(spec.name);
  }
  if (owners.size() == 1)
    report.error(entry.place, "'{}' is one value for all models: write it at the transform '{}' in task_vectors",
                 entry.key, owners[0]);
  else if (owners.size() > 1)
    report.error(entry.place,
                 "'{}' is a parameter of several transforms ('{}', '{}'): write it at each of them in task_vectors",
                 entry.key, owners[0], owners[1]);
  else if (const MethodSpec* owner = owner_of(entry.key, stages.updates); owner != nullptr)
    report.error(
        entry.place,
        "'{0}' is a parameter of the transform '{1}' of the merged update, which belongs to no model: write it "
        "there, '- {1}: {{{0}: ...}}' in update",
        entry.key, owner->name);
  else
    unknown(entry, fmt::format("a model under merge_method '{}'", stages.method.name), names, report, settings);
}

}  // namespace

std::vector<ParamSetting> read_recipe_parameters(const YamlNode& node, const RecipeStages& stages, Reporter& report) {
  std::vector<ParamSetting> settings;
  if (!is_mapping(node, report)) return settings;
  for (const YamlEntry& entry : node.entries) {
    if (const ParamSpec* spec = find_param(stages.method.parameters, entry.key))
      read_one(entry, stages.method, *spec, report, settings);
    else if (is_inert_parameter(entry.key))
      warn_inert(entry, report);
    else
      reject_for_recipe(entry, stages, report, settings);
  }
  return settings;
}

std::vector<ParamSetting> read_model_parameters(const YamlNode& node, std::string_view reference,
                                                const RecipeStages& stages, Reporter& report) {
  std::vector<ParamSetting> settings;
  if (!is_mapping(node, report)) return settings;
  for (const YamlEntry& entry : node.entries) {
    if (const ParamSpec* spec = model_param(entry.key, stages))
      settings.push_back(read_setting(entry, *spec, report));
    else if (is_inert_parameter(entry.key) && find_param(stages.method.parameters, entry.key) == nullptr)
      warn_inert(entry, report);
    else
      reject_for_model(entry, reference, stages, report, settings);
  }
  return settings;
}

std::vector<ParamSetting> read_transform_parameters(const YamlNode& node, const MethodSpec& transform,
                                                    Reporter& report) {
  std::vector<ParamSetting> settings;
  if (!is_mapping(node, report)) return settings;
  for (const YamlEntry& entry : node.entries) {
    if (const ParamSpec* spec = find_param(transform.parameters, entry.key))
      read_one(entry, transform, *spec, report, settings);
    else
      unknown(entry, fmt::format("the transform '{}'", transform.name), names_of(transform.parameters), report,
              settings);
  }
  return settings;
}

}  // namespace wootz
