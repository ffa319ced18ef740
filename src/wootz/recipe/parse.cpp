// parse_recipe: a reader for each key, and the order in which one uses what another has read.
#include <algorithm>

#include "wootz/recipe/efficient_section.h"
#include "wootz/recipe/model_list.h"
#include "wootz/recipe/parameters.h"
#include "wootz/recipe/recipe.h"
#include "wootz/recipe/recipe_keys.h"
#include "wootz/recipe/references.h"
#include "wootz/recipe/transform_list.h"
#include "wootz/recipe/unsupported.h"
#include "wootz/recipe/validate.h"
#include "wootz/yaml/scalars.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {
namespace {

// The word a user of other tools may have meant, or "".
std::string_view meant_dtype(std::string_view word) {
  if (word == "fp32" || word == "f32" || word == "float" || word == "single") return "float32";
  if (word == "fp16" || word == "f16" || word == "half") return "float16";
  if (word == "bf16") return "bfloat16";
  if (word == "fp64" || word == "f64" || word == "double") return "float64";
  return "";
}

struct MethodChoice {
  const MethodSpec* method = nullptr;  // nullptr: missing or unknown, which was reported
  SourcePlace place;
};

MethodChoice read_method(const RecipeKeys& keys, const Registry& registry, Reporter& report) {
  const YamlEntry* entry = keys.entry("merge_method");
  const YamlNode* node = keys.value("merge_method");
  if (node == nullptr) {
    if (!keys.is_misspelled("merge_method"))
      report.error(entry == nullptr ? TextPlace{} : entry->place,
                   "'merge_method' is missing: name the method, such as 'merge_method: linear'");
    return {};
  }
  if (!node->is_scalar()) {
    report.error(node->place, "'merge_method' must be the name of a method");
    return {};
  }
  const MethodSpec* method = registry.find(MethodKind::kMerge, node->text);
  if (method == nullptr) report.error(node->place, "{}", unknown_merge_method(node->text, registry));
  return {method, report.at(node->place)};
}

std::optional<RecipeModel> read_base(const YamlNode& node, Reporter& report) {
  std::optional<std::string> reference = read_reference(node, "base_model", report);
  if (!reference) return std::nullopt;
  return RecipeModel{std::move(*reference), "", {}, report.at(node.place)};
}

std::optional<Dtype> read_dtype(std::string_view key, const RecipeKeys& keys, Reporter& report) {
  const YamlNode* node = keys.value(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<Dtype> dtype = node->is_scalar() ? dtype_from_torch_name(node->text) : std::nullopt;
  if (dtype) return dtype;
  const std::string_view meant = node->is_scalar() ? meant_dtype(node->text) : "";
  report.error(node->place, "'{}' must be one of float32, float16, bfloat16, float64{}{}", key,
               node->is_scalar() ? ", not " + shown(node->text) : "",
               meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant));
  return std::nullopt;
}

std::uint64_t read_seed(const RecipeKeys& keys, Reporter& report) {
  const YamlNode* node = keys.value("seed");
  if (node == nullptr) return 0;
  const std::optional<std::uint64_t> seed = node->is_scalar() ? parse_unsigned(node->text) : std::nullopt;
  if (!seed)
    report.error(node->place, "'seed' must be a whole number from 0 to 18446744073709551615{}",
                 node->is_scalar() ? ", not " + shown(node->text) : "");
  return seed.value_or(0);
}

std::optional<std::string> read_tokenizer_source(const RecipeKeys& keys, Reporter& report) {
  const YamlNode* node = keys.value("tokenizer_source");
  if (node == nullptr) return std::nullopt;
  if (node->is_scalar() && node->text == "union") {
    report.error(node->place,
                 "'tokenizer_source: union' (building a new vocabulary) is not supported: write 'base' or a model "
                 "whose tokenizer files are copied");
    return std::nullopt;
  }
  if (node->is_scalar() && node->text == "base") {
    if (keys.value("base_model") == nullptr)
      report.error(node->place, "'tokenizer_source: base' needs 'base_model': name it, or write a model here");
    return std::nullopt;
  }
  return read_reference(*node, "tokenizer_source", report);
}

TransformList read_transforms(std::string_view key, const RecipeKeys& keys, const Registry& registry,
                              Reporter& report) {
  const YamlNode* node = keys.value(key);
  return node == nullptr ? TransformList{} : read_transform_list(*node, key, registry, report);
}

std::optional<RecipeCoefficients> read_coefficients(const RecipeKeys& keys, Reporter& report) {
  const YamlNode* node = keys.value("coefficients");
  if (node == nullptr) {
    // With a misspelled key the weights are not missing as well.
    return keys.is_misspelled("coefficients") ? std::optional(RecipeCoefficients{}) : std::nullopt;
  }
  if (!node->is_scalar() || node->text.empty())
    report.error(node->place, "'coefficients' must be the path of a coefficient table");
  return RecipeCoefficients{node->text, report.at(node->place), nullptr};
}

std::optional<AdaptSettings> read_adapt(const RecipeKeys& keys, const MethodSpec& method, const Registry& registry,
                                        Reporter& report) {
  const YamlEntry* entry = keys.entry("adapt");
  if (entry != nullptr && method.learns()) return read_adapt_section(*entry->value, method, report);
  if (entry != nullptr)
    report.error(entry->place,
                 "'adapt' is for merge methods that learn from data, and '{}' does not: remove it, or use one of "
                 "these as 'merge_method': {}",
                 method.name, learning_methods(registry));
  else if (method.learns() && !keys.is_misspelled("adapt"))
    report.error(keys.value("merge_method")->place,
                 "merge_method '{}' learns from data: add 'adapt: {{tasks: tasks.yml}}' to the recipe", method.name);
  return std::nullopt;
}

std::vector<ParamSetting> read_parameters(const RecipeKeys& keys, const RecipeStages& stages, Reporter& report) {
  std::vector<ParamSetting> settings;
  if (const YamlNode* node = keys.value("parameters")) settings = read_recipe_parameters(*node, stages, report);
  if (const YamlNode* node = keys.value("efficient")) read_efficient(*node, stages.method, report, settings);
  return settings;
}

// Every key is read, whatever is wrong with the others, so that all errors are found at once.
Recipe read_recipe(const YamlNode& root, const Registry& registry, Reporter& report) {
  const RecipeKeys keys = RecipeKeys::check(root, report);
  const MethodChoice choice = read_method(keys, registry, report);
  const YamlNode* base = keys.value("base_model");
  Recipe recipe;
  recipe.method = choice.method;
  recipe.method_place = choice.place;
  if (base != nullptr) recipe.base = read_base(*base, report);
  recipe.dtype = read_dtype("dtype", keys, report);
  recipe.out_dtype = read_dtype("out_dtype", keys, report);
  recipe.seed = read_seed(keys, report);
  recipe.tokenizer_source = read_tokenizer_source(keys, report);
  TransformList transforms = read_transforms("task_vectors", keys, registry, report);
  recipe.transforms = std::move(transforms.transforms);
  TransformList updates = read_transforms("update", keys, registry, report);
  recipe.updates = std::move(updates.transforms);
  recipe.coefficients = read_coefficients(keys, report);
  if (recipe.method != nullptr) recipe.adapt = read_adapt(keys, *recipe.method, registry, report);
  std::optional<RecipeStages> stages;
  if (recipe.method != nullptr) stages.emplace(RecipeStages{*recipe.method, recipe.transforms, recipe.updates});
  ModelList models = read_models(keys, stages, recipe.base, report);
  recipe.models = std::move(models.models);
  if (stages) recipe.parameters = read_parameters(keys, *stages, report);

  // Method, models and transforms can be held against each other only when all of them were read.
  const bool has_base = base == nullptr || recipe.base;
  if (recipe.method != nullptr && has_base && transforms.whole && updates.whole && models.whole)
    validate(recipe, models.place, report);
  if (!report.has_errors()) check_constant_values(recipe, report);
  return recipe;
}

// Whether a further line "seed: 1" would set the seed: the keys stand at the start of their lines, none is the seed,
// and nothing ends the document.
bool takes_seed_line(const YamlNode& root, std::string_view text) {
  if (root.entries.empty() || root.find("seed") != nullptr) return false;
  const TextPlace first = root.entries.front().place;
  const bool block = first.column == 1 && first.line == root.place.line && root.place.column == 1;
  return block && !text.starts_with("...") && text.find("\n...") == std::string_view::npos;
}

// The findings in the order in which a reader of the text meets them. The bound is for files that are no recipes.
Diagnostics in_text_order(const Diagnostics& found) {
  constexpr std::size_t kMost = 100;
  std::vector<Diagnostic> items = found.items();
  std::stable_sort(items.begin(), items.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  Diagnostics ordered;
  for (std::size_t i = 0; i < std::min(items.size(), kMost); ++i) ordered.add(std::move(items[i]));
  if (items.size() > kMost)
    ordered.error(ErrorKind::kUsage, {found.items()[0].place.file, 0, 0},
                  fmt::format("and {} more findings: correct these first", items.size() - kMost));
  return ordered;
}

}  // namespace

ParsedRecipe parse_recipe(std::string_view yaml, std::string file, const Registry& registry) {
  Diagnostics found;
  Reporter report(file, found);
  ParsedRecipe parsed;
  const std::optional<YamlTree> tree =
      read_mapping(yaml, "the recipe", "it needs at least 'merge_method' and 'models'", report);
  if (tree) {
    parsed.recipe = read_recipe(*tree->root, registry, report);
    parsed.recipe.takes_seed_line = takes_seed_line(*tree->root, yaml);
  }
  parsed.recipe.file = std::move(file);
  parsed.recipe.text = yaml;
  parsed.diagnostics = in_text_order(found);
  return parsed;
}

}  // namespace wootz
