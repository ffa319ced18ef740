#include "wootz/recipe/write_recipe.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/yaml_writing.h"

namespace wootz {
namespace {

// The short form, or mergekit's long one where the short one would mean something else.
std::string reference_of(const std::string& reference) {
  const bool short_form = reference.find('+') == std::string::npos &&
                          std::count(reference.begin(), reference.end(), '@') <= 1 && !reference.starts_with('@') &&
                          !reference.ends_with('@');
  return short_form ? yaml_scalar(reference) : fmt::format("{{model: {{path: {}}}}}", yaml_scalar(reference));
}

// "base" and "union" are words there, not models.
std::string tokenizer_of(const std::string& reference) {
  const bool word = reference == "base" || reference == "union";
  return word ? fmt::format("{{model: {}}}", reference) : reference_of(reference);
}

std::string value_of(const ParamSpec& spec, double value) {
  if (spec.type == ParamType::kFlag) return value != 0.0 ? "true" : "false";
  if (spec.type == ParamType::kChoice) return yaml_scalar(spec.choices[static_cast<std::size_t>(value)]);
  return fmt::format("{}", value);
}

std::string anchors_of(const ParamSpec& spec, const std::vector<double>& anchors) {
  if (anchors.size() == 1) return value_of(spec, anchors.front());
  std::vector<std::string> values;
  for (const double anchor : anchors) values.push_back(value_of(spec, anchor));
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::string rules_of(const ParamSpec& spec, const std::vector<ParamRule>& rules) {
  if (rules.size() == 1 && rules.front().filter.empty()) return anchors_of(spec, rules.front().anchors);
  std::vector<std::string> entries;
  for (const ParamRule& rule : rules) {
    const std::string filter = rule.filter.empty() ? "" : fmt::format("filter: {}, ", yaml_scalar(rule.filter));
    entries.push_back(fmt::format("{{{}value: {}}}", filter, anchors_of(spec, rule.anchors)));
  }
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

// What declares a setting of a model, or of the recipe: the merge method, else a transform.
const ParamSpec& spec_of(const Recipe& recipe, std::string_view name) {
  const ParamSpec* spec = find_param(recipe.method->parameters, name);
  for (const RecipeTransform& transform : recipe.transforms)
    if (spec == nullptr) spec = find_param(transform.method->parameters, name);
  WOOTZ_CHECK(spec != nullptr);
  return *spec;
}

// "{weight: 0.3, density: 0.2}"; `find` gives the declaration of a name.
template <typename Find>
std::string settings_of(const std::vector<ParamSetting>& settings, const Find& find) {
  std::vector<std::string> entries;
  for (const ParamSetting& setting : settings)
    entries.push_back(fmt::format("{}: {}", setting.name, rules_of(find(setting.name), setting.rules)));
  return fmt::format("{{{}}}", fmt::join(entries, ", "));
}

std::string model_of(const Recipe& recipe, const RecipeModel& model) {
  const std::string reference = reference_of(model.reference);
  if (model.parameters.empty()) return fmt::format("  - model: {}\n", reference);
  const auto find = [&](std::string_view name) -> const ParamSpec& { return spec_of(recipe, name); };
  return fmt::format("  - {{model: {}, parameters: {}}}\n", reference, settings_of(model.parameters, find));
}

std::string transform_of(const RecipeTransform& transform) {
  if (transform.parameters.empty()) return fmt::format("  - {}\n", transform.method->name);
  const auto find = [&](std::string_view name) -> const ParamSpec& {
    return *find_param(transform.method->parameters, name);
  };
  return fmt::format("  - {}: {}\n", transform.method->name, settings_of(transform.parameters, find));
}

// The offset of a line and column of a text, or npos.
std::size_t offset_of(std::string_view text, const SourcePlace& place) {
  std::size_t begin = 0;
  for (int line = 1; line < place.line; ++line) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return end;
    begin = end + 1;
  }
  const std::size_t offset = begin + static_cast<std::size_t>(std::max(place.column, 1)) - 1;
  return offset <= text.size() ? offset : std::string_view::npos;
}

// Whether `before` ends in the key, a colon and blanks: what follows is the key's own value, no alias or anchor.
bool ends_in_key(std::string_view before, std::string_view key) {
  const auto drop = [&](std::string_view characters) {
    before = before.substr(0, before.find_last_not_of(characters) + 1);
  };
  drop(" ");
  if (!before.ends_with(':')) return false;
  before.remove_suffix(1);
  drop(" \"'");
  return before.ends_with(key);
}

}  // namespace

std::string write_recipe(const Recipe& recipe, std::string_view comment) {
  std::string out = yaml_comment(comment);
  out += fmt::format("merge_method: {}\n", yaml_scalar(recipe.method->name));
  if (recipe.base) out += fmt::format("base_model: {}\n", reference_of(recipe.base->reference));
  if (!recipe.transforms.empty()) out += "task_vectors:\n";
  for (const RecipeTransform& transform : recipe.transforms) out += transform_of(transform);
  if (!recipe.updates.empty()) out += "update:\n";
  for (const RecipeTransform& update : recipe.updates) out += transform_of(update);
  out += "models:\n";
  for (const RecipeModel& model : recipe.models) out += model_of(recipe, model);
  const auto find = [&](std::string_view name) -> const ParamSpec& { return spec_of(recipe, name); };
  if (!recipe.parameters.empty()) out += fmt::format("parameters: {}\n", settings_of(recipe.parameters, find));
  if (recipe.coefficients) out += fmt::format("coefficients: {}\n", yaml_scalar(recipe.coefficients->path));
  if (recipe.dtype) out += fmt::format("dtype: {}\n", torch_name(*recipe.dtype));
  if (recipe.out_dtype) out += fmt::format("out_dtype: {}\n", torch_name(*recipe.out_dtype));
  if (recipe.tokenizer_source) out += fmt::format("tokenizer_source: {}\n", tokenizer_of(*recipe.tokenizer_source));
  if (recipe.seed != 0) out += fmt::format("seed: {}\n", recipe.seed);
  return out;
}

std::string with_coefficients(const Recipe& recipe, const std::string& path) {
  const RecipeCoefficients& written = *recipe.coefficients;
  const std::string_view text = recipe.text;
  if (const std::size_t at = offset_of(text, written.place);
      at != std::string_view::npos && ends_in_key(text.substr(0, at), "coefficients"))
    for (const std::string_view quote : {"", "\"", "'"}) {
      const std::string value = fmt::format("{0}{1}{0}", quote, written.path);
      if (text.substr(at).starts_with(value))
        return fmt::format("{}{}{}", text.substr(0, at), yaml_scalar(path), text.substr(at + value.size()));
    }
  Recipe changed = recipe;
  changed.coefficients->path = path;
  return write_recipe(changed);
}

}  // namespace wootz
