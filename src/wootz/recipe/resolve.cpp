#include "wootz/recipe/resolve.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "wootz/core/check.h"
#include "wootz/recipe/coefficients.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/references.h"

namespace wootz {
namespace {

// Position `t` in [0, 1] on anchors spread evenly over it.
double at_position(const std::vector<double>& anchors, double t) {
  if (anchors.size() == 1) return anchors.front();
  const double s = t * static_cast<double>(anchors.size() - 1);
  const std::size_t left = std::min(static_cast<std::size_t>(s), anchors.size() - 2);
  const double a = anchors[left];
  const double b = anchors[left + 1];
  const double fraction = s - static_cast<double>(left);
  // Rounding must not leave the range that the anchors were checked against.
  return std::clamp((1.0 - fraction) * a + fraction * b, std::min(a, b), std::max(a, b));
}

// A model's settings are the merge method's first; a transform sees those that the merge method does not know.
bool model_has_a_say(const MethodSpec& method, const Recipe& recipe, const ParamSpec& spec) {
  if (spec.scope != ParamScope::kModel) return false;
  return &method == recipe.method || find_param(recipe.method->parameters, spec.name) == nullptr;
}

const std::vector<double>& coefficients_of(const Recipe& recipe, std::string_view tensor_name) {
  WOOTZ_CHECK(recipe.coefficients->table != nullptr);
  const std::vector<double>* row = recipe.coefficients->table->find(tensor_name);
  WOOTZ_CHECK(row != nullptr);
  return *row;
}

struct LayerName {
  std::string_view stack;  // the name before the layer number
  std::uint32_t layer = 0;
};

std::optional<LayerName> find_layer(std::string_view name) {
  constexpr std::size_t kMaxDigits = 9;  // more is no layer number, and would not fit
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool digits = std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && !part.empty() && part.size() <= kMaxDigits) {
      std::uint32_t layer = 0;
      for (const char c : part) layer = layer * 10 + static_cast<std::uint32_t>(c - '0');
      return LayerName{name.substr(0, begin), layer};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::size_t> Recipe::lanes() const {
  const bool leave_base = base && method != nullptr && method->base == BaseUse::kRequired;
  std::vector<std::size_t> lanes;
  for (std::size_t i = 0; i < models.size(); ++i)
    if (!leave_base || !same_reference(models[i].reference, base->reference)) lanes.push_back(i);
  return lanes;
}

std::vector<LayerPlace> layer_places(const std::vector<std::string>& tensor_names) {
  std::unordered_map<std::string_view, std::uint32_t> last_layers;
  for (const std::string& name : tensor_names)
    if (const auto found = find_layer(name)) {
      std::uint32_t& last = last_layers[found->stack];
      last = std::max(last, found->layer);
    }
  std::vector<LayerPlace> places;
  places.reserve(tensor_names.size());
  for (const std::string& name : tensor_names) {
    const auto found = find_layer(name);
    const std::uint32_t last = found ? last_layers[found->stack] : 0;
    if (!found)
      places.push_back({0.0});
    else
      places.push_back({last == 0 ? 1.0 : static_cast<double>(found->layer) / static_cast<double>(last)});
  }
  return places;
}

const ParamRule* find_rule(const std::vector<ParamSetting>& settings, std::string_view parameter,
                           std::string_view tensor_name) {
  const ParamSetting* setting = find_setting(settings, parameter);
  if (setting == nullptr) return nullptr;
  for (const ParamRule& rule : setting->rules)
    if (tensor_name.find(rule.filter) != std::string_view::npos) return &rule;
  return nullptr;
}

const ParamRule* deciding_rule(const MethodSpec& method, const Recipe& recipe, const RecipeModel* model,
                               const std::vector<ParamSetting>& settings, const ParamSpec& spec,
                               std::string_view tensor_name) {
  if (model != nullptr && model_has_a_say(method, recipe, spec))
    if (const ParamRule* rule = find_rule(model->parameters, spec.name, tensor_name)) return rule;
  return find_rule(settings, spec.name, tensor_name);
}

const ParamSpec* coefficient_param(const MethodSpec& method) {
  const ParamSpec* spec = find_param(method.parameters, "weight");
  const bool fits = spec != nullptr && spec->scope == ParamScope::kModel && spec->type == ParamType::kNumber;
  return fits ? spec : nullptr;
}

bool takes_coefficients(const MethodSpec& method, const Recipe& recipe, const ParamSpec& spec) {
  return recipe.coefficients && &method == recipe.method && &spec == coefficient_param(method);
}

bool every_lane_sets(const Recipe& recipe, const MethodSpec& method, const ParamSpec& spec) {
  if (!model_has_a_say(method, recipe, spec)) return false;
  const std::vector<std::size_t> lanes = recipe.lanes();
  return std::all_of(lanes.begin(), lanes.end(), [&](std::size_t lane) {
    return find_setting(recipe.models[lane].parameters, spec.name) != nullptr;
  });
}

ParamSet resolve_parameters(const MethodSpec& method, const Recipe& recipe, const std::vector<ParamSetting>& settings,
                            std::string_view tensor_name, LayerPlace place) {
  const std::vector<std::size_t> lanes = recipe.lanes();
  std::vector<std::vector<double>> values;
  values.reserve(method.parameters.size());
  for (const ParamSpec& spec : method.parameters) {
    const auto value_for = [&](const RecipeModel* model) {
      const ParamRule* rule = deciding_rule(method, recipe, model, settings, spec, tensor_name);
      WOOTZ_CHECK(rule != nullptr || spec.fallback.has_value());
      return rule != nullptr ? at_position(rule->anchors, place.position) : *spec.fallback;
    };
    std::vector<double>& of_spec = values.emplace_back();
    if (takes_coefficients(method, recipe, spec))
      of_spec = coefficients_of(recipe, tensor_name);
    else if (spec.scope == ParamScope::kGlobal)
      of_spec.push_back(value_for(nullptr));
    else
      for (const std::size_t lane : lanes) of_spec.push_back(value_for(&recipe.models[lane]));
  }
  return ParamSet(method.parameters, std::move(values));
}

ParamSet resolve_update_parameters(const RecipeTransform& update, std::string_view tensor_name, LayerPlace place) {
  std::vector<std::vector<double>> values;
  values.reserve(update.method->parameters.size());
  for (const ParamSpec& spec : update.method->parameters) {
    const ParamRule* rule = find_rule(update.parameters, spec.name, tensor_name);
    WOOTZ_CHECK(rule != nullptr || spec.fallback.has_value());
    values.push_back({rule != nullptr ? at_position(rule->anchors, place.position) : *spec.fallback});
  }
  return ParamSet(update.method->parameters, std::move(values));
}

}  // namespace wootz
