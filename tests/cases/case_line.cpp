#include "cases/case_line.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "cases/case_data.h"
#include "wootz/core/check.h"
#include "wootz/io/file.h"
#include "wootz/methods/registry.h"

namespace wootz::cases {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;  // of a file of cases

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

template <typename Number>
Result<Number> parse_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::kUsage, "'{}' is no number", text);
  return value;
}

Result<std::pair<std::string, std::string>> parse_setting(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == word.size())
    return fail(ErrorKind::kUsage, "'{}' is not of the form name=value", word);
  return std::pair(word.substr(0, equals), word.substr(equals + 1));
}

Result<Use> parse_use(const std::string& text, MethodKind kind) {
  const std::vector<std::string> found = words(text);
  if (found.empty()) return fail(ErrorKind::kUsage, "a method's name is missing");
  const MethodSpec* spec = builtin_methods().find(kind, found[0]);
  if (spec == nullptr)
    return fail(ErrorKind::kUsage, "there is no {} '{}'", kind == MethodKind::kMerge ? "merge method" : "transform",
                found[0]);
  Use use{.name = found[0]};
  for (std::size_t i = 1; i < found.size(); ++i) {
    WOOTZ_TRY(const auto setting, parse_setting(found[i]));
    if (std::none_of(spec->parameters.begin(), spec->parameters.end(),
                     [&](const ParamSpec& param) { return param.name == setting.first; }))
      return fail(ErrorKind::kUsage, "'{}' has no parameter '{}'", use.name, setting.first);
    use.parameters.emplace_back(setting.first, split(setting.second, ','));
  }
  return use;
}

Result<Shape> parse_shape(const std::string& text) {
  Shape shape;
  if (text == "-") return shape;
  for (const std::string& size : split(text, 'x')) {
    WOOTZ_TRY(const auto number, parse_number<std::uint64_t>(size));
    shape.push_back(number);
  }
  return shape;
}

Result<> parse_option(Case& one, const std::string& name, const std::string& value) {
  if (name == "models" || name == "seed" || name == "ulps") {
    WOOTZ_TRY(const auto number, parse_number<std::uint32_t>(value));
    if (name == "models") one.models = number;
    if (name == "seed") one.seed = number;
    if (name == "ulps") one.ulps = static_cast<int>(number);
  } else if (name == "error") {
    WOOTZ_TRY(one.error, parse_number<double>(value));
  } else if (name == "shapes") {
    one.shapes.clear();
    for (const std::string& text : split(value, ',')) {
      WOOTZ_TRY(Shape shape, parse_shape(text));
      one.shapes.push_back(std::move(shape));
    }
  } else if (name == "dtypes") {
    one.dtypes.clear();
    for (const std::string& text : split(value, ',')) {
      const std::optional<Dtype> dtype = dtype_from_name(text);
      if (!dtype || !is_mergeable(*dtype)) return fail(ErrorKind::kUsage, "'{}' is no dtype of models", text);
      one.dtypes.push_back(*dtype);
    }
  } else if (name == "data") {
    if (!is_data(value)) return fail(ErrorKind::kUsage, "there are no data '{}'", value);
    one.data = value;
  } else if (name != "target") {
    return fail(ErrorKind::kUsage, "there is no option '{}'", name);
  }
  return {};
}

/// As many as a parameter has values, or else three, within what the method takes.
std::size_t models_of(const Case& one) {
  for (const auto& [name, values] : one.method.parameters)
    if (values.size() > 1) return values.size();
  const MethodSpec& spec = *builtin_methods().find(MethodKind::kMerge, one.method.name);
  return std::min<std::size_t>(spec.max_models, std::max<std::size_t>(3, spec.min_models));
}

std::string list_parameters(const Use& use, std::optional<std::size_t> model) {
  std::string listed;
  for (const auto& [name, values] : use.parameters) {
    if ((values.size() > 1) != model.has_value()) continue;
    listed += fmt::format("{}{}: {}", listed.empty() ? "" : ", ", name, values[model.value_or(0)]);
  }
  return "{" + listed + "}";
}

}  // namespace

const std::vector<Shape> kAllShapes{{}, {0}, {1}, {2}, {3, 0}, {7, 1}, {37, 53}, {4, 3, 2, 2}, {70001}, {260, 257}};

void Use::set(const std::string& parameter, std::vector<std::string> values) {
  std::erase_if(parameters, [&](const auto& entry) { return entry.first == parameter; });
  parameters.emplace_back(parameter, std::move(values));
}

Result<Case> parse_case(std::string_view line) {
  Case one{.line = std::string(line), .shapes = kAllShapes, .dtypes = {Dtype::kF32, Dtype::kF16, Dtype::kBF16}};
  const std::vector<std::string> halves = split(line, ':');
  if (halves.size() > 2) return fail(ErrorKind::kUsage, "more than one ':'");
  const std::vector<std::string> stages = split(halves[0], '>');
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    WOOTZ_TRY(Use use, parse_use(stages[i], MethodKind::kTransform));
    one.transforms.push_back(std::move(use));
  }
  WOOTZ_TRY(one.method, parse_use(stages.back(), MethodKind::kMerge));
  if (halves.size() == 2)
    for (const std::string& word : words(halves[1])) {
      WOOTZ_TRY(const auto setting, parse_setting(word));
      WOOTZ_RETURN_IF_ERROR(parse_option(one, setting.first, setting.second));
    }
  if (one.models == 0) one.models = models_of(one);
  for (const auto& [name, values] : one.method.parameters)
    if (values.size() != 1 && values.size() != one.models)
      return fail(ErrorKind::kUsage, "'{}' has {} values for {} models", name, values.size(), one.models);
  return one;
}

Result<std::vector<Case>> read_cases(const std::string& path) {
  WOOTZ_TRY(const std::string text, read_text(posix_file_system(), path, kMostBytes));
  std::vector<Case> cases;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    Result<Case> one = parse_case(line);
    if (!one) return fail(ErrorKind::kUsage, "{}:{}: {}", path, number, one.error().message);
    cases.push_back(*std::move(one));
  }
  return cases;
}

std::map<std::string, std::vector<double>> numbers_of(const MethodSpec& spec, const Use& use) {
  std::map<std::string, std::vector<double>> numbers;
  for (const auto& [name, texts] : use.parameters) {
    const auto param = std::find_if(spec.parameters.begin(), spec.parameters.end(),
                                    [&, wanted = name](const ParamSpec& known) { return known.name == wanted; });
    WOOTZ_CHECK(param != spec.parameters.end());
    for (const std::string& text : texts) {
      const auto choice = std::find(param->choices.begin(), param->choices.end(), text);
      if (choice != param->choices.end())
        numbers[name].push_back(static_cast<double>(choice - param->choices.begin()));
      else
        numbers[name].push_back(param->type == ParamType::kFlag ? (text == "true" ? 1.0 : 0.0) : std::stod(text));
    }
  }
  return numbers;
}

std::string recipe_of(const Case& one, const std::string& extra) {
  const MethodSpec& spec = *builtin_methods().find(MethodKind::kMerge, one.method.name);
  std::string recipe = fmt::format("merge_method: {}\n", one.method.name);
  if (spec.base == BaseUse::kRequired) recipe += "base_model: base\n";
  if (!one.transforms.empty()) recipe += "task_vectors:\n";
  for (const Use& use : one.transforms) recipe += fmt::format("  - {}: {}\n", use.name, list_parameters(use, {}));
  recipe += "models:\n";
  for (std::size_t k = 0; k < one.models; ++k)
    recipe += fmt::format("  - {{model: m{}, parameters: {}}}\n", k, list_parameters(one.method, k));
  recipe += fmt::format("parameters: {}\nseed: {}\n", list_parameters(one.method, {}), one.seed);
  return recipe + extra;
}

}  // namespace wootz::cases
