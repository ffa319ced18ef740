#include "wootz/recipe/model_list.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/references.h"

namespace wootz {
namespace {

const std::vector<std::string> kModelKeys = {"model", "parameters", "task"};

// What the entries of the list are read against.
struct Context {
  const MethodSpec* method = nullptr;
  const std::optional<RecipeStages>& stages;
  const std::optional<RecipeModel>& base;
};

bool is_parameter(const MethodSpec* method, std::string_view name) {
  return method != nullptr && find_param(method->parameters, name) != nullptr;
}

bool learns(const MethodSpec* method) { return method != nullptr && method->learns(); }

void report_unknown_key(const YamlEntry& entry, const MethodSpec* method, Reporter& report) {
  if (is_parameter(method, entry.key))
    report.error(entry.place, "unknown key '{0}' of a model: it is a parameter, write 'parameters: {{{0}: ...}}'",
                 entry.key);
  else if (entry.key == "layer_range")
    report.error(entry.place, "'layer_range' is not supported, Wootz merges whole models: remove it");
  else
    report.error(entry.place, "unknown key {} of a model{}", shown(entry.key), suggestion(entry.key, kModelKeys));
}

// Reports the unknown keys of a model. Returns whether one of them is probably a misspelling of 'model'.
bool check_model_keys(const YamlNode& node, const MethodSpec* method, Reporter& report) {
  bool misspelled = false;
  for (const YamlEntry& entry : node.entries) {
    if (std::find(kModelKeys.begin(), kModelKeys.end(), entry.key) != kModelKeys.end()) continue;
    report_unknown_key(entry, method, report);
    misspelled = misspelled || nearest(entry.key, kModelKeys) == "model";
  }
  return misspelled;
}

std::string read_task(const YamlNode& node, std::string_view reference, const Context& context, Reporter& report) {
  const YamlEntry* task = node.find("task");
  if (task != nullptr && context.method != nullptr && !learns(context.method))
    report.error(task->place, "'task' belongs to recipes that adapt a merge to data: remove it, this merge uses none");
  else if (task != nullptr && task->value->is_scalar())
    return task->value->text;
  else if (task != nullptr)
    report.error(task->place, "'task' must be the name of a task of the catalogue");
  else if (learns(context.method) && context.base && !same_reference(reference, context.base->reference))
    report.error(node.place, "model {} has no 'task': name its task of the catalogue", shown(reference));
  return "";
}

std::vector<ParamSetting> read_settings(const YamlNode& node, std::string_view reference, const Context& context,
                                        Reporter& report) {
  std::vector<ParamSetting> settings;
  if (const YamlEntry* parameters = node.find("parameters"); parameters != nullptr && context.stages)
    settings = read_model_parameters(*parameters->value, reference, *context.stages, report);
  // A parameter in the wrong place was reported; it must not be reported as missing too.
  for (const YamlEntry& entry : node.entries)
    if (is_parameter(context.method, entry.key)) settings.push_back({entry.key, {}});
  return settings;
}

struct ReadModel {
  RecipeModel model;
  bool named = true;  // false: its checkpoint is not known
};

std::optional<ReadModel> read_model(const YamlNode& node, const Context& context, Reporter& report) {
  if (!node.is_mapping()) {
    if (node.is_scalar())
      report.error(node.place, "an entry of 'models' is a mapping: put 'model: ' before {}", shown(node.text));
    else
      report.error(node.place, "an entry of 'models' is a mapping: write '- model: path'");
    return std::nullopt;
  }
  const bool misspelled = check_model_keys(node, context.method, report);
  const YamlEntry* model = node.find("model");
  std::optional<std::string> reference;
  if (model != nullptr)
    reference = read_reference(*model->value, "model", report);
  else if (!misspelled)
    report.error(node.place, "this entry of 'models' has no 'model': name the checkpoint");
  const std::string name = reference.value_or("?");
  std::string task = read_task(node, name, context, report);
  std::vector<ParamSetting> settings = read_settings(node, name, context, report);
  return ReadModel{{name, std::move(task), std::move(settings), report.at(node.place)}, reference.has_value()};
}

}  // namespace

ModelList read_models(const RecipeKeys& keys, const std::optional<RecipeStages>& stages,
                      const std::optional<RecipeModel>& base, Reporter& report) {
  ModelList list;
  const YamlEntry* entry = keys.entry("models");
  const YamlNode* value = keys.value("models");
  if (value == nullptr) {
    list.whole = false;
    if (!keys.has_models_elsewhere() && !keys.is_misspelled("models"))
      report.error(entry == nullptr ? TextPlace{} : entry->place,
                   "'models' is missing: list the checkpoints to merge, one '- model: path' each");
    return list;
  }
  list.place = entry->place;
  if (!value->is_sequence() || value->items.empty()) {
    list.whole = false;
    report.error(value->place, "{}: list the checkpoints to merge, one '- model: path' each",
                 value->is_sequence() ? "'models' is empty" : "'models' must be a list");
    return list;
  }
  const Context context{stages ? &stages->method : nullptr, stages, base};
  for (const YamlNode* item : value->items) {
    std::optional<ReadModel> read = read_model(*item, context, report);
    list.whole = list.whole && read && read->named;
    if (read) list.models.push_back(std::move(read->model));
  }
  return list;
}

}  // namespace wootz
