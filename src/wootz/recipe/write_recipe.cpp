#include "wootz/recipe/write_recipe.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "wootz/core/check.h"
#include "wootz/recipe/param_values.h"

namespace wootz {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words that YAML 1.1 takes for something else than a text.
bool is_word_of_yaml(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// Whether a text can stand without quotes, anywhere; more could than this says.
bool is_plain(std::string_view text) {
  if (text.empty() || is_word_of_yaml(text)) return false;
  const bool path = text.starts_with("./") || text.starts_with("../") || (text.starts_with("/") && text.size() > 1);
  if (!is_letter(text.front()) && text.front() != '_' && !path) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-./@").find(c) != std::string_view::npos;
  });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string text_of(std::string_view text) { return is_plain(text) ? std::string(text) : quoted(text); }

// The short form, or mergekit's long one where the short one would mean something else.
std::string reference_of(const std::string& reference) {
  const bool short_form = reference.find('+') == std::string::npos &&
                          std::count(reference.begin(), reference.end(), '@') <= 1 && !reference.starts_with('@') &&
                          !reference.ends_with('@');
  return short_form ? text_of(reference) : fmt::format("{{model: {{path: {}}}}}", text_of(reference));
}

// "base" and "union" are words there, not models.
std::string tokenizer_of(const std::string& reference) {
  const bool word = reference == "base" || reference == "union";
  return word ? fmt::format("{{model: {}}}", reference) : reference_of(reference);
}

std::string value_of(const ParamSpec& spec, double value) {
  if (spec.type == ParamType::kFlag) return value != 0.0 ? "true" : "false";
  if (spec.type == ParamType::kChoice) return text_of(spec.choices[static_cast<std::size_t>(value)]);
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
    const std::string filter = rule.filter.empty() ? "" : fmt::format("filter: {}, ", text_of(rule.filter));
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

std::string comment_lines(std::string_view comment) {
  std::string out;
  while (!comment.empty()) {
    const std::size_t end = std::min(comment.find('\n'), comment.size());
    out += end == 0 ? "#\n" : fmt::format("# {}\n", comment.substr(0, end));
    comment.remove_prefix(std::min(end + 1, comment.size()));
  }
  return out;
}

}  // namespace

std::string write_recipe(const Recipe& recipe, std::string_view comment) {
  std::string out = comment_lines(comment);
  out += fmt::format("merge_method: {}\n", text_of(recipe.method->name));
  if (recipe.base) out += fmt::format("base_model: {}\n", reference_of(recipe.base->reference));
  if (!recipe.transforms.empty()) out += "task_vectors:\n";
  for (const RecipeTransform& transform : recipe.transforms) out += transform_of(transform);
  out += "models:\n";
  for (const RecipeModel& model : recipe.models) out += model_of(recipe, model);
  const auto find = [&](std::string_view name) -> const ParamSpec& { return spec_of(recipe, name); };
  if (!recipe.parameters.empty()) out += fmt::format("parameters: {}\n", settings_of(recipe.parameters, find));
  if (recipe.dtype) out += fmt::format("dtype: {}\n", torch_name(*recipe.dtype));
  if (recipe.out_dtype) out += fmt::format("out_dtype: {}\n", torch_name(*recipe.out_dtype));
  if (recipe.tokenizer_source) out += fmt::format("tokenizer_source: {}\n", tokenizer_of(*recipe.tokenizer_source));
  if (recipe.seed != 0) out += fmt::format("seed: {}\n", recipe.seed);
  return out;
}

}  // namespace wootz
