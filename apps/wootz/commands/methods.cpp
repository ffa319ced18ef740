// wootz methods: what the registry knows.
#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "method_pages.h"
#include "method_text.h"
#include "wootz/core/nearest.h"

namespace wootz::cli {
namespace {

constexpr std::size_t kWidth = 92;

std::string list_text() {
  std::size_t widest = 0;
  for (MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    for (const std::string& name : builtin_methods().names(kind)) widest = std::max(widest, name.size());
  std::string text;
  const auto add = [&](std::string_view title, MethodKind kind) {
    text += fmt::format("{}\n", title);
    for (const MethodSpec* method : builtin_methods().all(kind)) {
      const std::vector<std::string> lines = wrap(method->summary, kWidth - widest - 4);
      for (std::size_t i = 0; i < lines.size(); ++i)
        text += fmt::format("  {:<{}}  {}\n", i == 0 ? method->name : "", widest, lines[i]);
    }
    text += "\n";
  };
  add("Merge methods (merge_method: NAME)", MethodKind::kMerge);
  add("Transforms of task vectors (task_vectors: [NAME: {...}])", MethodKind::kTransform);
  return text + "'wootz methods NAME' explains one.\n";
}

std::vector<const MethodSpec*> find_all(const std::string& name) {
  std::vector<const MethodSpec*> found;
  for (MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    if (const MethodSpec* method = builtin_methods().find(kind, name)) found.push_back(method);
  return found;
}

tl::unexpected<Error> unknown(const std::string& name) {
  std::vector<std::string> names = builtin_methods().names(MethodKind::kMerge);
  for (std::string& transform : builtin_methods().names(MethodKind::kTransform)) names.push_back(std::move(transform));
  const std::string_view near = nearest(name, names);
  return fail(ErrorKind::kUsage, "unknown method '{}'{}", name,
              near.empty() ? std::string("; 'wootz methods' lists them") : fmt::format(" (did you mean '{}'?)", near));
}

Json describe_parameter(const ParamSpec& param) {
  Json json = {{"name", param.name},
               {"type", param_type_name(param)},
               {"per_model", param.scope == ParamScope::kModel},
               {"required", !param.fallback.has_value()},
               {"default", nullptr},
               {"description", param.description}};
  if (param.fallback) {
    if (param.type == ParamType::kFlag)
      json["default"] = *param.fallback != 0.0;
    else if (param.type == ParamType::kChoice)
      json["default"] = param.choices[static_cast<std::size_t>(*param.fallback)];
    else
      json["default"] = *param.fallback;
  }
  if (param.type == ParamType::kChoice) json["choices"] = param.choices;
  if (std::isfinite(param.minimum)) json["minimum"] = param.minimum;
  if (std::isfinite(param.maximum)) json["maximum"] = param.maximum;
  return json;
}

Json describe(const MethodSpec& method) {
  Json parameters = Json::array();
  for (const ParamSpec& param : method.parameters) parameters.push_back(describe_parameter(param));
  Json json = {{"name", method.name},
               {"kind", method.kind == MethodKind::kMerge ? "merge_method" : "transform"},
               {"title", method.title},
               {"summary", method.summary},
               {"reference", method.reference},
               {"needs_base", method.base == BaseUse::kRequired},
               {"min_models", method.min_models},
               {"max_models", nullptr},
               {"random", method.stochastic},
               {"order_independent", method.order_independent},
               {"parameters", std::move(parameters)}};
  if (method.max_models != std::numeric_limits<std::size_t>::max()) json["max_models"] = method.max_models;
  return json;
}

std::string parameter_text(const ParamSpec& param) {
  std::string text = fmt::format("  {}: {}{}, {}\n", param.name, param_values_text(param),
                                 param.scope == ParamScope::kModel ? ", for each model" : "",
                                 param.fallback ? "default " + default_text(param) : "required");
  for (const std::string& line : wrap(param.description, kWidth - 6)) text += fmt::format("      {}\n", line);
  return text;
}

std::string explanation(const MethodSpec& method) {
  std::string text = method.kind == MethodKind::kMerge
                         ? fmt::format("{} (merge_method: {})\n", method.title, method.name)
                         : fmt::format("{} (task_vectors: [{}])\n", method.title, method.name);
  const auto add_paragraph = [&](std::string_view paragraph) {
    text += "\n";
    for (const std::string& line : wrap(paragraph, kWidth)) text += line + "\n";
  };
  add_paragraph(method.summary);
  if (!method.formula.empty()) add_paragraph(method.formula);
  add_paragraph(needs_text(method));
  if (!method.parameters.empty()) {
    text += "\nParameters\n";
    for (const ParamSpec& param : method.parameters) text += parameter_text(param);
  }
  if (!method.notes.empty()) add_paragraph(method.notes);
  if (!method.reference.empty()) add_paragraph("Reference: " + method.reference);
  return text;
}

}  // namespace

Result<int> run(const MethodsCommand& command) {
  if (!command.markdown.empty()) {
    WOOTZ_RETURN_IF_ERROR(write_method_pages(posix_file_system(), builtin_methods(), command.markdown));
    return 0;
  }
  if (command.name.empty()) {
    if (!command.json) {
      print_out(list_text());
      return 0;
    }
    Json all = Json::array();
    for (MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
      for (const MethodSpec* method : builtin_methods().all(kind)) all.push_back(describe(*method));
    print_json(all);
    return 0;
  }
  const std::vector<const MethodSpec*> found = find_all(command.name);
  if (found.empty()) return unknown(command.name);
  if (command.json) {
    Json all = Json::array();
    for (const MethodSpec* method : found) all.push_back(describe(*method));
    print_json(all);
    return 0;
  }
  for (std::size_t i = 0; i < found.size(); ++i) print_out((i == 0 ? "" : "\n\n") + explanation(*found[i]));
  return 0;
}

}  // namespace wootz::cli
