#include "wootz/search/target.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "wootz/core/nearest.h"
#include "wootz/recipe/change.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/resolve.h"

namespace wootz {
namespace {

bool is_number(const ParamSpec& spec) { return spec.type == ParamType::kNumber || spec.type == ParamType::kInteger; }

// All numbers of a recipe's method and transforms, as they are named here.
std::vector<std::string> numbers_of(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const ParamSpec& spec : recipe.method->parameters)
    if (is_number(spec)) names.push_back(spec.name);
  for (const RecipeTransform& transform : recipe.transforms)
    for (const ParamSpec& spec : transform.method->parameters)
      if (is_number(spec)) names.push_back(transform.method->name + "." + spec.name);
  return names;
}

Result<std::string> default_name(const Recipe& recipe, bool per_model) {
  constexpr std::array<std::string_view, 4> kNames = {"lambda", "weight", "t", "scale"};
  for (const std::string_view name : kNames) {
    const ParamSpec* spec = find_param(recipe.method->parameters, name);
    const bool of_model = spec != nullptr && spec->scope == ParamScope::kModel;
    if (spec != nullptr && (of_model || !per_model)) return std::string(name);
  }
  if (per_model) return default_name(recipe, false);
  const std::vector<std::string> names = numbers_of(recipe);
  return fail(ErrorKind::kUsage, "merge_method '{}' has no coefficient to search for{}", recipe.method->name,
              names.empty() ? "" : fmt::format("; name another parameter: {}", fmt::join(names, ", ")));
}

Result<Target> find_of_transform(const Recipe& recipe, std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string_view owner = name.substr(0, dot);
  Target target;
  target.name = name;
  for (std::size_t i = 0; i < recipe.transforms.size(); ++i) {
    if (recipe.transforms[i].method->name != owner) continue;
    if (target.transform)
      return fail(ErrorKind::kUsage, "'{}': the recipe has the transform '{}' twice, so that it is not clear which one",
                  name, owner);
    target.transform = i;
    target.spec = find_param(recipe.transforms[i].method->parameters, name.substr(dot + 1));
  }
  return target;
}

void clear(std::vector<ParamSetting>& settings, std::string_view name) {
  std::erase_if(settings, [&](const ParamSetting& setting) { return setting.name == name; });
}

// In the place of what was said, so that a recipe keeps its order.
void set(std::vector<ParamSetting>& settings, const std::string& name, double value) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const ParamSetting& setting) { return setting.name == name; });
  ParamSetting setting{name, {{"", {value}, {}}}};
  if (found == settings.end())
    settings.push_back(std::move(setting));
  else
    *found = std::move(setting);
}

}  // namespace

Result<Target> find_target(const Recipe& recipe, std::string_view name, bool per_model) {
  std::string wanted(name);
  if (wanted.empty()) {
    WOOTZ_TRY(wanted, default_name(recipe, per_model));
  }
  Target target{wanted, find_param(recipe.method->parameters, wanted), std::nullopt, false};
  if (target.spec == nullptr && wanted.find('.') != std::string::npos) {
    WOOTZ_TRY(target, find_of_transform(recipe, wanted));
  }
  if (target.spec == nullptr)
    return fail(ErrorKind::kUsage, "the recipe's method '{}' has no parameter '{}'{}", recipe.method->name, wanted,
                suggestion(wanted, numbers_of(recipe)));
  if (!is_number(*target.spec))
    return fail(ErrorKind::kUsage, "'{}' is not a number, and cannot be searched for", wanted);
  if (!target.transform && takes_coefficients(*recipe.method, recipe, *target.spec))
    return fail(ErrorKind::kUsage,
                "the recipe takes '{}' from the table of 'coefficients': search for another parameter, or remove that",
                wanted);
  target.per_model = per_model && !target.transform && target.spec->scope == ParamScope::kModel;
  return target;
}

Result<> check_value(const Target& target, double value) {
  const ParamSpec& spec = *target.spec;
  if (spec.type == ParamType::kInteger && value != std::floor(value))
    return fail(ErrorKind::kUsage, "'{}' is a whole number, and cannot be {}: give values with --grid", target.name,
                value);
  if (value < spec.minimum || value > spec.maximum)
    return fail(ErrorKind::kUsage, "'{}' cannot be {}: it must be {} {}", target.name, value,
                value < spec.minimum ? "at least" : "at most", value < spec.minimum ? spec.minimum : spec.maximum);
  return {};
}

Recipe with_values(const Recipe& recipe, const Target& target, std::span<const double> values) {
  Recipe changed = recipe;
  if (target.transform) {
    set(changed.transforms[*target.transform].parameters, target.spec->name, values[0]);
  } else if (target.per_model) {
    const std::vector<std::size_t> lanes = changed.lanes();
    clear(changed.parameters, target.spec->name);
    for (std::size_t i = 0; i < lanes.size(); ++i)
      set(changed.models[lanes[i]].parameters, target.spec->name, values[i]);
  } else {
    if (target.spec->scope == ParamScope::kModel)
      for (RecipeModel& model : changed.models) clear(model.parameters, target.spec->name);
    set(changed.parameters, target.spec->name, values[0]);
  }
  return with_written_text(std::move(changed));
}

bool is_divided_out(const MergePlan& plan, const Target& target) {
  if (target.per_model || target.transform || target.name != "weight") return false;
  const std::vector<const TensorContext*> contexts = plan.contexts(plan.method_group());
  return std::all_of(contexts.begin(), contexts.end(), [](const TensorContext* context) {
    return context->params.has("normalize") && context->params.flag("normalize");
  });
}

bool effect_holds(const MergePlan& plan, const Target& target) {
  if (!plan.recipe.updates.empty()) return false;  // they transform what the parameter has done
  if (target.spec->effect_without.empty()) return true;
  const std::vector<const TensorContext*> contexts = plan.contexts(target.transform.value_or(plan.method_group()));
  return std::none_of(contexts.begin(), contexts.end(),
                      [&](const TensorContext* context) { return context->params.flag(target.spec->effect_without); });
}

}  // namespace wootz
