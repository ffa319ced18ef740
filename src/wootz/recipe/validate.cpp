#include "wootz/recipe/validate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "wootz/recipe/param_values.h"
#include "wootz/recipe/references.h"
#include "wootz/recipe/resolve.h"

namespace wootz {
namespace {

constexpr std::size_t kMany = std::numeric_limits<std::size_t>::max();

TextPlace text_place(const SourcePlace& place) { return {place.line, place.column}; }

// "exactly 1 model", "at least 2 models", "2 to 4 models"
std::string count_of(const MethodSpec& method) {
  const auto models = [](std::size_t n) { return fmt::format("{} model{}", n, n == 1 ? "" : "s"); };
  if (method.min_models == method.max_models) return "exactly " + models(method.min_models);
  if (method.max_models == kMany) return "at least " + models(method.min_models);
  if (method.min_models <= 1) return "at most " + models(method.max_models);
  return fmt::format("{} to {}", method.min_models, models(method.max_models));
}

void check_base(const Recipe& recipe, Reporter& report) {
  const auto needs = [](const MethodSpec& method) { return method.base == BaseUse::kRequired; };
  const bool listed = recipe.base && std::any_of(recipe.models.begin(), recipe.models.end(), [&](const RecipeModel& m) {
                        return same_reference(m.reference, recipe.base->reference);
                      });
  if (!recipe.base && needs(*recipe.method))
    report.error(text_place(recipe.method_place), "merge_method '{}' needs 'base_model': {}", recipe.method->name,
                 recipe.method->lanes == Lanes::kTaskVectors ? "the checkpoint that the models were fine-tuned from"
                                                             : "the model it starts from");
  if (recipe.base && !needs(*recipe.method) && !listed)
    report.warning(text_place(recipe.base->place),
                   "merge_method '{}' does not merge base_model, it only gives config and tokenizer files: list it "
                   "under 'models' to merge it",
                   recipe.method->name);
  if (!recipe.base || !needs(*recipe.method)) return;
  for (const RecipeModel& model : recipe.models)
    if (same_reference(model.reference, recipe.base->reference) && !model.parameters.empty())
      report.warning(text_place(model.place), "parameters of the base model have no effect: remove them");
}

void check_model_count(const Recipe& recipe, TextPlace place, Reporter& report) {
  const MethodSpec& method = *recipe.method;
  const std::vector<std::size_t> lanes = recipe.lanes();
  if (method.base == BaseUse::kRequired && !recipe.base) return;  // reported; one of the models may be it
  const bool base_listed = lanes.size() < recipe.models.size();
  const std::string beside = method.base == BaseUse::kRequired ? " beside base_model" : "";
  const auto check = [&](const MethodSpec& stage, std::string_view kind, TextPlace where) {
    if (lanes.size() >= stage.min_models && lanes.size() <= stage.max_models) return;
    constexpr std::size_t kNamed = 8;
    std::vector<std::string> names;
    for (const std::size_t lane : lanes)
      if (names.size() < kNamed) names.push_back(shown(recipe.models[lane].reference));
    if (lanes.size() > kNamed) names.emplace_back("...");
    const bool too_many = lanes.size() > stage.max_models;
    report.error(where, "{} '{}' takes {}{}, the recipe has {}{}{}", kind, stage.name, count_of(stage), beside,
                 lanes.size(), names.empty() ? "" : fmt::format(": {}", fmt::join(names, ", ")),
                 too_many && recipe.base && !beside.empty() && !base_listed
                     ? fmt::format("; base_model is {}, is one of them meant?", shown(recipe.base->reference))
                     : "");
  };
  check(method, "merge_method", place);
  for (const RecipeTransform& transform : recipe.transforms)
    check(*transform.method, "transform", text_place(transform.place));
}

void check_duplicates(const Recipe& recipe, Reporter& report) {
  std::map<std::string_view, int> lines;
  for (const RecipeModel& model : recipe.models) {
    const auto [first, is_new] = lines.emplace(model.reference, model.place.line);
    if (!is_new)
      report.warning(text_place(model.place), "{} is listed twice (first on line {}): both count",
                     shown(model.reference), first->second);
  }
}

// Which model is a task's expert, where a merge learns from data.
void check_tasks(const Recipe& recipe, Reporter& report) {
  if (!recipe.method->learns()) return;
  std::map<std::string_view, int> lines;
  const std::vector<std::size_t> lanes = recipe.lanes();
  for (std::size_t i = 0; i < recipe.models.size(); ++i) {
    const RecipeModel& model = recipe.models[i];
    if (model.task.empty()) continue;
    if (std::find(lanes.begin(), lanes.end(), i) == lanes.end()) {
      report.warning(text_place(model.place), "{} is the base, which is not merged: its task {} counts for nothing",
                     shown(model.reference), shown(model.task));
      continue;
    }
    const auto [first, is_new] = lines.emplace(model.task, model.place.line);
    if (!is_new)
      report.warning(text_place(model.place), "task {} is that of two models: the expert for it is the one on line {}",
                     shown(model.task), first->second);
  }
}

void check_transforms(const Recipe& recipe, Reporter& report) {
  if (recipe.transforms.empty() || recipe.method->lanes == Lanes::kTaskVectors) return;
  report.error(text_place(recipe.transforms.front().place),
               "merge_method '{}' works on the models' own values, it has no task vectors to transform: use "
               "'merge_method: task_arithmetic' or remove 'task_vectors'",
               recipe.method->name);
}

void check_updates(const Recipe& recipe, Reporter& report) {
  if (recipe.updates.empty()) return;
  const TextPlace first = text_place(recipe.updates.front().place);
  if (recipe.method->lanes != Lanes::kTaskVectors)
    report.error(first,
                 "merge_method '{}' works on the models' own values, it has no merged update to transform: use "
                 "'merge_method: task_arithmetic' or remove 'update'",
                 recipe.method->name);
  else if (recipe.method->learns())
    report.error(first,
                 "merge_method '{}' learns without the transforms of 'update': remove it, and add it to a recipe that "
                 "merges what was learned",
                 recipe.method->name);
  for (const RecipeTransform& update : recipe.updates)
    if (update.method->min_models > 1)
      report.error(text_place(update.place),
                   "transform '{}' works on several task vectors together, and the merged update is one: move it to "
                   "'task_vectors'",
                   update.method->name);
}

// A weight beside a table would count for no tensor.
void check_coefficients(const Recipe& recipe, Reporter& report) {
  if (!recipe.coefficients || recipe.coefficients->path.empty()) return;  // none, or reported
  const ParamSpec* spec = coefficient_param(*recipe.method);
  if (spec == nullptr)
    return report.error(text_place(recipe.coefficients->place),
                        "'coefficients' gives every model its 'weight', and merge_method '{}' has none: remove it, or "
                        "choose another method, such as task_arithmetic",
                        recipe.method->name);
  const auto check = [&](const std::vector<ParamSetting>& settings) {
    const ParamSetting* setting = find_setting(settings, spec->name);
    if (setting != nullptr && !setting->rules.empty())
      report.error(text_place(setting->rules.front().place),
                   "'{}' comes from 'coefficients' (line {}), for every tensor: remove one of the two", spec->name,
                   recipe.coefficients->place.line);
  };
  check(recipe.parameters);
  for (const std::size_t lane : recipe.lanes()) check(recipe.models[lane].parameters);
}

void check_required(const Recipe& recipe, Reporter& report) {
  for (const ParamSpec& spec : recipe.method->parameters) {
    if (takes_coefficients(*recipe.method, recipe, spec)) continue;
    if (spec.fallback || find_setting(recipe.parameters, spec.name) != nullptr) continue;
    if (spec.scope == ParamScope::kGlobal) {
      report.error(text_place(recipe.method_place),
                   "merge_method '{}' needs the parameter '{}': add 'parameters: {{{}: ...}}' to the recipe",
                   recipe.method->name, spec.name, spec.name);
      continue;
    }
    for (const std::size_t lane : recipe.lanes()) {
      const RecipeModel& model = recipe.models[lane];
      if (find_setting(model.parameters, spec.name) == nullptr)
        report.error(text_place(model.place),
                     "model {0} has no '{1}': add 'parameters: {{{1}: ...}}' to it, or set '{1}' for all models in the "
                     "recipe's 'parameters'",
                     shown(model.reference), spec.name);
    }
  }
  for (const RecipeTransform& transform : recipe.transforms)
    for (const ParamSpec& spec : transform.method->parameters)
      if (!spec.fallback && find_setting(transform.parameters, spec.name) == nullptr &&
          !every_lane_sets(recipe, *transform.method, spec))
        report.error(text_place(transform.place), "the transform '{0}' needs '{1}': write '- {0}: {{{1}: ...}}'",
                     transform.method->name, spec.name);
  for (const RecipeTransform& update : recipe.updates)
    for (const ParamSpec& spec : update.method->parameters)
      if (!spec.fallback && find_setting(update.parameters, spec.name) == nullptr)
        report.error(text_place(update.place), "the transform '{0}' needs '{1}': write '- {0}: {{{1}: ...}}'",
                     update.method->name, spec.name);
}

// Whether all that is set of a method's parameters is one value for every tensor.
bool are_constant(const MethodSpec& method, const std::vector<ParamSetting>& settings) {
  return std::all_of(settings.begin(), settings.end(), [&](const ParamSetting& setting) {
    const bool alone = setting.rules.size() == 1 && setting.rules[0].filter.empty();
    return find_param(method.parameters, setting.name) == nullptr || (alone && setting.rules[0].anchors.size() == 1);
  });
}

}  // namespace

void validate(const Recipe& recipe, TextPlace models, Reporter& report) {
  check_base(recipe, report);
  check_duplicates(recipe, report);
  check_tasks(recipe, report);
  check_model_count(recipe, models, report);
  check_transforms(recipe, report);
  check_updates(recipe, report);
  check_coefficients(recipe, report);
  check_required(recipe, report);
}

bool is_constant(const MethodSpec& method, const Recipe& recipe, const std::vector<ParamSetting>& settings) {
  if (recipe.coefficients && &method == recipe.method) return false;
  return are_constant(method, settings) &&
         std::all_of(recipe.models.begin(), recipe.models.end(),
                     [&](const RecipeModel& model) { return are_constant(method, model.parameters); });
}

bool is_constant(const RecipeTransform& update) { return are_constant(*update.method, update.parameters); }

void check_constant_values(const Recipe& recipe, Reporter& report) {
  const auto check = [&](const MethodSpec& method, const std::vector<ParamSetting>& settings,
                         const SourcePlace& place) {
    if (!method.check || !is_constant(method, recipe, settings)) return;
    const std::string problem = method.check(resolve_parameters(method, recipe, settings, "", {}));
    if (!problem.empty()) report.error(text_place(place), "{}: {}", method.name, problem);
  };
  check(*recipe.method, recipe.parameters, recipe.method_place);
  for (const RecipeTransform& transform : recipe.transforms)
    check(*transform.method, transform.parameters, transform.place);
  for (const RecipeTransform& update : recipe.updates) {
    if (!update.method->check || !is_constant(update)) continue;
    const std::string problem = update.method->check(resolve_update_parameters(update, "", {}));
    if (!problem.empty()) report.error(text_place(update.place), "{}: {}", update.method->name, problem);
  }
}

}  // namespace wootz
