// parse_recipe: the top-level keys of a recipe.
#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/recipe/efficient_section.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/parameters.h"
#include "wootz/recipe/recipe.h"
#include "wootz/recipe/references.h"
#include "wootz/recipe/unsupported.h"
#include "wootz/recipe/validate.h"
#include "wootz/yaml/scalars.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {
namespace {

const std::vector<std::string> kKeys = {"merge_method", "base_model",       "models", "parameters",
                                        "task_vectors", "coefficients",     "dtype",  "out_dtype",
                                        "seed",         "tokenizer_source", "adapt",  "efficient"};

const std::vector<std::string> kModelKeys = {"model", "parameters", "task"};

// The word a user of other tools may have meant, or "".
std::string_view meant_dtype(std::string_view word) {
  if (word == "fp32" || word == "f32" || word == "float" || word == "single") return "float32";
  if (word == "fp16" || word == "f16" || word == "half") return "float16";
  if (word == "bf16") return "bfloat16";
  if (word == "fp64" || word == "f64" || word == "double") return "float64";
  return "";
}

class RecipeParser {
 public:
  RecipeParser(const Registry& registry, Recipe& recipe, Reporter& report)
      : registry_(registry), recipe_(recipe), report_(report) {}

  void parse(const YamlNode& root) {
    check_keys(root);
    read_method(root);
    if (const YamlNode* node = value_of("base_model")) read_base(*node);
    if (const YamlNode* node = value_of("dtype")) recipe_.dtype = read_dtype("dtype", *node);
    if (const YamlNode* node = value_of("out_dtype")) recipe_.out_dtype = read_dtype("out_dtype", *node);
    if (const YamlNode* node = value_of("seed")) read_seed(*node);
    if (const YamlNode* node = value_of("tokenizer_source")) read_tokenizer_source(*node);
    if (const YamlNode* node = value_of("task_vectors")) read_transforms(*node);
    if (const YamlNode* node = value_of("coefficients")) read_coefficients(*node);
    read_adapt(root);
    read_models(root);
    if (const YamlNode* node = value_of("parameters"); node != nullptr && recipe_.method != nullptr)
      recipe_.parameters = ParameterReader(recipe_, report_).of_recipe(*node);
    if (const YamlNode* node = value_of("efficient"); node != nullptr && recipe_.method != nullptr)
      read_efficient(*node, *recipe_.method, report_, recipe_.parameters);
  }

  // Whether method, models and transforms were all read, so that they can be held against each other.
  bool is_whole() const { return whole_; }
  TextPlace models_place() const { return models_place_; }

 private:
  void check_keys(const YamlNode& root) {
    root_ = &root;
    for (const YamlEntry& entry : root.entries) {
      if (std::find(kKeys.begin(), kKeys.end(), entry.key) != kKeys.end()) continue;
      if (const std::string_view reason = unsupported_key(entry.key); !reason.empty()) {
        if (entry.value->is_null()) continue;  // as good as absent, also in mergekit
        report_.error(entry.place, "{}", reason);
        if (entry.key == "slices" || entry.key == "modules") models_elsewhere_ = true;
      } else {
        report_.error(entry.place, "unknown key {}{}", shown(entry.key), suggestion(entry.key, kKeys));
        misspelled_.emplace_back(nearest(entry.key, kKeys));
        if (is_misspelled("coefficients")) recipe_.coefficients.emplace();  // the weights are not missing as well
      }
    }
  }

  // nullptr when the key is absent or has no value.
  const YamlNode* value_of(std::string_view key) const {
    const YamlEntry* entry = root_->find(key);
    return entry == nullptr || entry->value->is_null() ? nullptr : entry->value;
  }

  bool is_misspelled(std::string_view key) const {
    return std::find(misspelled_.begin(), misspelled_.end(), key) != misspelled_.end();
  }

  void read_method(const YamlNode& root) {
    const YamlNode* node = value_of("merge_method");
    if (node == nullptr) {
      const YamlEntry* entry = root.find("merge_method");
      if (!is_misspelled("merge_method"))
        report_.error(entry == nullptr ? TextPlace{} : entry->place,
                      "'merge_method' is missing: name the method, such as 'merge_method: linear'");
    } else if (!node->is_scalar()) {
      report_.error(node->place, "'merge_method' must be the name of a method");
    } else {
      recipe_.method = registry_.find(MethodKind::kMerge, node->text);
      recipe_.method_place = report_.at(node->place);
      if (recipe_.method == nullptr) report_.error(node->place, "{}", unknown_merge_method(node->text, registry_));
    }
    if (recipe_.method == nullptr) whole_ = false;
  }

  bool learns() const { return recipe_.method != nullptr && recipe_.method->learns(); }

  void read_adapt(const YamlNode& root) {
    const YamlEntry* entry = root.find("adapt");
    if (recipe_.method == nullptr) return;
    if (entry != nullptr && !learns())
      report_.error(entry->place,
                    "'adapt' is for merge methods that learn from data, and '{}' does not: remove it, or use one of "
                    "these as 'merge_method': {}",
                    recipe_.method->name, learning_methods(registry_));
    else if (entry != nullptr)
      recipe_.adapt = read_adapt_section(*entry->value, *recipe_.method, report_);
    else if (learns() && !is_misspelled("adapt"))
      report_.error(root.find("merge_method")->value->place,
                    "merge_method '{}' learns from data: add 'adapt: {{tasks: tasks.yml}}' to the recipe",
                    recipe_.method->name);
  }

  void read_base(const YamlNode& node) {
    const std::optional<std::string> reference = read_reference(node, "base_model", report_);
    if (reference)
      recipe_.base = RecipeModel{*reference, "", {}, report_.at(node.place)};
    else
      whole_ = false;
  }

  std::optional<Dtype> read_dtype(std::string_view key, const YamlNode& node) {
    const std::optional<Dtype> dtype = node.is_scalar() ? dtype_from_torch_name(node.text) : std::nullopt;
    if (dtype) return dtype;
    const std::string_view meant = node.is_scalar() ? meant_dtype(node.text) : "";
    report_.error(node.place, "'{}' must be one of float32, float16, bfloat16, float64{}{}", key,
                  node.is_scalar() ? ", not " + shown(node.text) : "",
                  meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant));
    return std::nullopt;
  }

  void read_seed(const YamlNode& node) {
    const std::optional<std::uint64_t> seed = node.is_scalar() ? parse_unsigned(node.text) : std::nullopt;
    if (seed)
      recipe_.seed = *seed;
    else
      report_.error(node.place, "'seed' must be a whole number from 0 to 18446744073709551615{}",
                    node.is_scalar() ? ", not " + shown(node.text) : "");
  }

  void read_tokenizer_source(const YamlNode& node) {
    if (node.is_scalar() && node.text == "union") {
      report_.error(node.place,
                    "'tokenizer_source: union' (building a new vocabulary) is not supported: write 'base' or a model "
                    "whose tokenizer files are copied");
    } else if (node.is_scalar() && node.text == "base") {
      if (value_of("base_model") == nullptr)
        report_.error(node.place, "'tokenizer_source: base' needs 'base_model': name it, or write a model here");
    } else {
      recipe_.tokenizer_source = read_reference(node, "tokenizer_source", report_);
    }
  }

  void read_transforms(const YamlNode& node) {
    if (!node.is_sequence()) {
      report_.error(node.place,
                    "'task_vectors' must be a list, one transform an entry, such as '- ties: {{density: 0.2}}'");
      whole_ = false;
      return;
    }
    for (const YamlNode* item : node.items) read_transform(*item);
  }

  void read_transform(const YamlNode& node) {
    if (node.is_scalar()) {
      add_transform(node.text, node.place, nullptr);
    } else if (node.is_mapping() && node.entries.size() == 1) {
      const YamlEntry& entry = node.entries.front();
      add_transform(entry.key, entry.place, entry.value);
    } else {
      report_.error(node.place, "an entry of 'task_vectors' is one transform, such as '- ties: {{density: 0.2}}'{}",
                    node.is_mapping() && node.entries.size() > 1 ? "; start a new '- ' for each" : "");
      whole_ = false;
    }
  }

  void add_transform(std::string_view name, TextPlace place, const YamlNode* parameters) {
    const MethodSpec* method = registry_.find(MethodKind::kTransform, name);
    if (method == nullptr) {
      report_.error(place, "{}", unknown_transform(name, registry_));
      whole_ = false;
      return;
    }
    RecipeTransform transform{method, {}, report_.at(place)};
    if (parameters != nullptr)
      transform.parameters = ParameterReader(recipe_, report_).of_transform(*parameters, *method);
    recipe_.transforms.push_back(std::move(transform));
  }

  void read_coefficients(const YamlNode& node) {
    recipe_.coefficients = RecipeCoefficients{node.text, report_.at(node.place), nullptr};
    if (!node.is_scalar() || node.text.empty())
      report_.error(node.place, "'coefficients' must be the path of a coefficient table");
  }

  void read_models(const YamlNode& root) {
    const YamlEntry* entry = root.find("models");
    if (entry == nullptr || entry->value->is_null()) {
      whole_ = false;
      if (!models_elsewhere_ && !is_misspelled("models"))
        report_.error(entry == nullptr ? TextPlace{} : entry->place,
                      "'models' is missing: list the checkpoints to merge, one '- model: path' each");
      return;
    }
    models_place_ = entry->place;
    const YamlNode& list = *entry->value;
    if (!list.is_sequence() || list.items.empty()) {
      whole_ = false;
      report_.error(list.place, "{}: list the checkpoints to merge, one '- model: path' each",
                    list.is_sequence() ? "'models' is empty" : "'models' must be a list");
      return;
    }
    for (const YamlNode* item : list.items) read_model(*item);
  }

  void read_model(const YamlNode& node) {
    if (!node.is_mapping()) {
      if (node.is_scalar())
        report_.error(node.place, "an entry of 'models' is a mapping: put 'model: ' before {}", shown(node.text));
      else
        report_.error(node.place, "an entry of 'models' is a mapping: write '- model: path'");
      whole_ = false;
      return;
    }
    bool misspelled = false;
    for (const YamlEntry& entry : node.entries)
      if (std::find(kModelKeys.begin(), kModelKeys.end(), entry.key) == kModelKeys.end()) {
        unknown_model_key(entry);
        misspelled = misspelled || nearest(entry.key, kModelKeys) == "model";
      }
    const YamlEntry* model = node.find("model");
    std::optional<std::string> reference;
    if (model == nullptr && !misspelled)
      report_.error(node.place, "this entry of 'models' has no 'model': name the checkpoint");
    else if (model != nullptr)
      reference = read_reference(*model->value, "model", report_);
    if (!reference) whole_ = false;
    RecipeModel read{reference.value_or("?"), "", {}, report_.at(node.place)};
    read_task(node, read);
    if (const YamlEntry* parameters = node.find("parameters"); parameters != nullptr && recipe_.method != nullptr)
      read.parameters = ParameterReader(recipe_, report_).of_model(*parameters->value, read.reference);
    for (const YamlEntry& entry : node.entries)
      if (is_parameter(entry.key)) read.parameters.push_back({entry.key, {}});  // misplaced, but not missing
    recipe_.models.push_back(std::move(read));
  }

  void read_task(const YamlNode& node, RecipeModel& model) {
    const YamlEntry* task = node.find("task");
    if (task != nullptr && recipe_.method != nullptr && !learns())
      report_.error(task->place,
                    "'task' belongs to recipes that adapt a merge to data: remove it, this merge uses none");
    else if (task != nullptr && task->value->is_scalar())
      model.task = task->value->text;
    else if (task != nullptr)
      report_.error(task->place, "'task' must be the name of a task of the catalogue");
    else if (learns() && recipe_.base && !same_reference(model.reference, recipe_.base->reference))
      report_.error(node.place, "model {} has no 'task': name its task of the catalogue", shown(model.reference));
  }

  bool is_parameter(std::string_view name) const {
    return recipe_.method != nullptr && find_param(recipe_.method->parameters, name) != nullptr;
  }

  void unknown_model_key(const YamlEntry& entry) {
    if (is_parameter(entry.key))
      report_.error(entry.place, "unknown key '{0}' of a model: it is a parameter, write 'parameters: {{{0}: ...}}'",
                    entry.key);
    else if (entry.key == "layer_range")
      report_.error(entry.place, "'layer_range' is not supported, Wootz merges whole models: remove it");
    else
      report_.error(entry.place, "unknown key {} of a model{}", shown(entry.key), suggestion(entry.key, kModelKeys));
  }

  const Registry& registry_;
  Recipe& recipe_;
  Reporter& report_;
  const YamlNode* root_ = nullptr;
  TextPlace models_place_;
  bool whole_ = true;
  std::vector<std::string> misspelled_;  // the keys that unknown ones seem to mean, reported already
  bool models_elsewhere_ = false;        // under a key that is an error already
};

void read_recipe(std::string_view yaml, const Registry& registry, Recipe& recipe, Diagnostics& diagnostics) {
  Reporter report(recipe.file, diagnostics);
  const std::optional<YamlTree> tree = read_yaml(yaml, report);
  if (!tree) return;
  if (tree->root == nullptr || tree->root->is_null()) {
    report.error({}, "the recipe is empty: it needs at least 'merge_method' and 'models'");
    return;
  }
  if (!tree->root->is_mapping()) {
    report.error(tree->root->place,
                 "a recipe is a mapping of keys such as 'merge_method' and 'models', one 'key: value' a line");
    return;
  }
  RecipeParser parser(registry, recipe, report);
  parser.parse(*tree->root);
  if (parser.is_whole()) validate(recipe, parser.models_place(), report);
  if (!diagnostics.has_errors()) check_constant_values(recipe, report);
}

// The order a reader meets them in. The bound is for files that are no recipes at all.
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
  ParsedRecipe parsed;
  parsed.recipe.file = std::move(file);
  parsed.recipe.text = yaml;
  Diagnostics found;
  read_recipe(yaml, registry, parsed.recipe, found);
  parsed.diagnostics = in_text_order(found);
  return parsed;
}

}  // namespace wootz
