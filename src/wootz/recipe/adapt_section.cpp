#include "wootz/recipe/adapt_section.h"

#include "wootz/methods/method.h"
#include "wootz/recipe/param_values.h"
#include "wootz/yaml/mapping_reader.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMost = 1'000'000'000;

void take_preset(MappingReader& reader, const MethodSpec& method, AdaptSettings& settings) {
  std::vector<std::string> names;
  for (const AdaptPreset& each : method.presets) names.push_back(each.name);
  const AdaptPreset& preset = method.presets[reader.choice("preset", names).value_or(0)];
  settings.steps = preset.steps;
  settings.batches = preset.batches_per_step;
  settings.learning_rate = preset.learning_rate;
  settings.schedule = preset.cosine ? AdaptSettings::Schedule::kCosine : AdaptSettings::Schedule::kConstant;
  settings.clamp_by_default = preset.clamp;
  if (preset.guard) settings.guard.emplace();
}

void read_objective(const YamlNode& node, AdaptObjective& objective, Reporter& report) {
  MappingReader reader(node, "'objective'", report);
  set_if_given(objective.entropy, reader.number("entropy", 0));
  set_if_given(objective.balance, reader.number("balance", 0));
  set_if_given(objective.agreement, reader.number("agreement", 0));
  set_if_given(objective.teacher_balance, reader.number("teacher_balance", 0, 1));
  set_if_given(objective.labels, reader.number("labels", 0));
  set_if_given(objective.entropy_limit, reader.number("entropy_limit", 0, 1));
  reader.finish();
  if (objective.entropy + objective.balance + objective.agreement + objective.labels == 0)
    report.error(node.place, "'objective' has no term: give one of entropy, balance, agreement, labels a weight");
}

AdaptGuard read_guard(const YamlNode& node, Reporter& report) {
  AdaptGuard guard;
  MappingReader reader(node, "'guard'", report);
  set_if_given(guard.every, reader.integer("every", 1, kMost));
  set_if_given(guard.items, reader.integer("items", 1, kMost));
  set_if_given(guard.tolerance, reader.number("tolerance", 0, 1));
  set_if_given(guard.patience, reader.integer("patience", 1, kMost));
  reader.finish();
  return guard;
}

AdaptPlateau read_plateau(const YamlNode& node, Reporter& report) {
  AdaptPlateau plateau;
  MappingReader reader(node, "'plateau'", report);
  set_if_given(plateau.window, reader.integer("window", 1, kMost));
  set_if_given(plateau.change, reader.number("change", 0, 1));
  reader.finish();
  return plateau;
}

// A setting with options: `true` takes them all as they are, `false` leaves it out.
template <typename Settings, typename Read>
void read_optional(MappingReader& reader, std::string_view key, std::optional<Settings>& settings, const Read& read,
                   std::string_view example, Reporter& report) {
  const YamlNode* node = reader.node(key);
  if (node == nullptr) return;
  if (node->is_mapping()) {
    settings = read(*node, report);
    return;
  }
  const std::optional<bool> wanted = node->is_scalar() ? parse_flag(node->text) : std::nullopt;
  if (!wanted)
    report.error(node->place, "'{}' must be true, false, or a mapping of settings such as {}", key, example);
  else if (*wanted)
    settings.emplace();
  else
    settings.reset();  // also what a preset has set
}

void read_loop(MappingReader& reader, AdaptSettings& settings, Reporter& report) {
  set_if_given(settings.steps, reader.integer("steps", 0, kMost));
  set_if_given(settings.batch_size, reader.integer("batch_size", 1, 1'000'000));
  set_if_given(settings.batches, reader.integer("batches_per_step", 1, 1'000'000));
  const std::optional<double> short_name = reader.number("lr", 0), rate = reader.number("learning_rate", 0);
  if (short_name && rate) report.error(reader.place("lr"), "'lr' is 'learning_rate': give it once");
  set_if_given(settings.learning_rate, rate ? rate : short_name);
  set_if_given(settings.schedule, reader.choice("schedule", {"constant", "cosine"}));
  set_if_given(settings.beta1, reader.number("beta1", 0, 1));
  set_if_given(settings.beta2, reader.number("beta2", 0, 1));
  set_if_given(settings.epsilon, reader.number("epsilon", 0));
  set_if_given(settings.weight_decay, reader.number("weight_decay", 0));
  if (const auto precision = reader.choice("precision", {"float32", "bfloat16"})) settings.bfloat16 = *precision == 1;
  set_if_given(settings.seed, reader.integer("seed"));
  set_if_given(settings.checkpoint_steps, reader.integer("checkpoint_steps", 0, kMost));
}

void read_data(MappingReader& reader, AdaptSettings& settings, Reporter& report) {
  settings.tasks = reader.required_text("tasks");
  set_if_given(settings.split, reader.text("split"));
  set_if_given(settings.max_items, reader.integer("max_items", 1, kMost));
  set_if_given(settings.corruption, reader.text("corruption"));
  const std::optional<std::uint64_t> severity = reader.integer("severity", 1, 5);
  set_if_given(settings.severity, severity);
  if (severity && settings.corruption.empty())
    report.error(reader.place("severity"), "'severity' is that of a 'corruption', and there is none: remove it");
}

void read_evaluation(MappingReader& reader, AdaptSettings& settings, Reporter& report) {
  const YamlNode* node = reader.node("evaluate");
  if (node == nullptr) return;
  MappingReader evaluation(*node, "'evaluate'", report);
  settings.evaluate_every = evaluation.integer("every", 1, kMost).value_or(100);
  set_if_given(settings.evaluate_split, evaluation.text("split"));
  evaluation.finish();
}

}  // namespace

AdaptSettings read_adapt_section(const YamlNode& node, const MethodSpec& method, Reporter& report) {
  AdaptSettings settings;
  settings.place = report.at(node.place);
  MappingReader reader(node, "'adapt'", report);
  take_preset(reader, method, settings);
  read_data(reader, settings, report);
  read_loop(reader, settings, report);
  set_if_given(settings.groups, reader.texts("groups"));
  // A method that learns coefficients of tensors says by a parameter of this name how many share one.
  if (!settings.groups.empty() && find_param(method.parameters, "granularity") == nullptr)
    report.error(reader.place("groups"), "'groups' is about coefficients that tensors share: {} has none, remove it",
                 method.name);
  if (const YamlNode* objective = reader.node("objective")) read_objective(*objective, settings.objective, report);
  read_optional(reader, "guard", settings.guard, read_guard, "{every: 25}", report);
  // Under a guard nothing that can collapse is minimized, unless the recipe says so.
  if (settings.guard && reader.node("objective") == nullptr) settings.objective = {.entropy = 0.0, .agreement = 1.0};
  read_optional(reader, "plateau", settings.plateau, read_plateau, "{window: 50}", report);
  read_evaluation(reader, settings, report);
  reader.finish();
  return settings;
}

}  // namespace wootz
