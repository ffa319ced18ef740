#include "wootz/recipe/param_values.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "wootz/core/nearest.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

const std::vector<std::string> kEntryKeys = {"filter", "value"};

using Anchors = std::optional<std::vector<double>>;

bool is_numeric(const ParamSpec& spec) { return spec.type == ParamType::kNumber || spec.type == ParamType::kInteger; }

// "a number", for "must be ...".
std::string expected(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kNumber:
      return "a number";
    case ParamType::kInteger:
      return "a whole number";
    case ParamType::kFlag:
      return "true or false";
    case ParamType::kChoice:
      return fmt::format("one of {}", fmt::join(spec.choices, ", "));
  }
  return "";
}

// "between 0 and 1", or "" when any number will do.
std::string range_of(const ParamSpec& spec) {
  const bool low = std::isfinite(spec.minimum);
  const bool high = std::isfinite(spec.maximum);
  if (low && high) return fmt::format("between {} and {}", spec.minimum, spec.maximum);
  if (low) return fmt::format("at least {}", spec.minimum);
  if (high) return fmt::format("at most {}", spec.maximum);
  return "";
}

class SettingReader {
 public:
  SettingReader(const ParamSpec& spec, Reporter& report) : spec_(spec), report_(report) {}

  // Any form of value.
  void read(const YamlNode& node, std::vector<ParamRule>& rules) {
    if (node.is_sequence() && !node.items.empty() && node.items.front()->is_mapping()) return read_rules(node, rules);
    if (node.is_mapping() && (node.find("filter") != nullptr || node.find("value") != nullptr)) {
      report_.warning(node.place, "'{}': mergekit stops at a single {{filter, value}}; write it as a list of one entry",
                      spec_.name);
      return read_rule(node, rules);
    }
    Anchors anchors = read_anchors(node);
    if (anchors) rules.push_back({"", std::move(*anchors), report_.at(node.place)});
  }

 private:
  void read_rules(const YamlNode& node, std::vector<ParamRule>& rules) {
    for (const YamlNode* item : node.items) {
      if (item->is_mapping())
        read_rule(*item, rules);
      else
        report_.error(item->place,
                      "'{}': a list holds either numbers (a gradient) or {{filter, value}} entries, not both",
                      spec_.name);
    }
  }

  void read_rule(const YamlNode& node, std::vector<ParamRule>& rules) {
    bool good = true;
    for (const YamlEntry& entry : node.entries) {
      if (std::find(kEntryKeys.begin(), kEntryKeys.end(), entry.key) != kEntryKeys.end()) continue;
      report_.error(entry.place, "unknown key {} in an entry of '{}'{}", shown(entry.key), spec_.name,
                    suggestion(entry.key, kEntryKeys));
      good = false;
    }
    ParamRule rule;
    rule.place = report_.at(node.place);
    if (const YamlEntry* filter = node.find("filter")) good = read_filter(*filter->value, rule) && good;
    const YamlEntry* value = node.find("value");
    if (value == nullptr) {
      report_.error(node.place, "this entry of '{}' has no 'value'", spec_.name);
      return;
    }
    if (Anchors anchors = read_anchors(*value->value); anchors)
      rule.anchors = std::move(*anchors);
    else
      good = false;
    if (!good) return;
    warn_if_shadowed(rule, node.place, rules);
    rules.push_back(std::move(rule));
  }

  bool read_filter(const YamlNode& node, ParamRule& rule) {
    if (node.is_null()) return true;
    if (!node.is_scalar()) {
      report_.error(node.place,
                    "'filter' takes one text, a part of the tensor names it is for: write an entry for each");
      return false;
    }
    if (node.text == "*") return true;
    rule.filter = node.text;
    if (rule.filter.find('*') == std::string::npos) return true;
    std::string without = rule.filter;
    std::erase(without, '*');
    const bool inside = rule.filter.find(without) == std::string::npos;
    report_.error(node.place, "the filter {} is not a pattern: a filter is a plain part of a tensor name{}",
                  shown(rule.filter), inside ? "; choose one part of it" : fmt::format(", here {}", shown(without)));
    return false;
  }

  void warn_if_shadowed(const ParamRule& rule, TextPlace place, const std::vector<ParamRule>& earlier) {
    // Every name that contains this filter also contains any part of it. A courtesy for lists written by hand: the
    // bound keeps generated ones, with an entry for each tensor, from costing the square of their length.
    constexpr std::size_t kCompared = 100;
    const auto end = earlier.begin() + static_cast<std::ptrdiff_t>(std::min(earlier.size(), kCompared));
    const auto shadow = std::find_if(earlier.begin(), end, [&](const ParamRule& other) {
      return rule.filter.find(other.filter) != std::string::npos;
    });
    if (shadow == end) return;
    const std::string what = shadow->filter.empty() ? "has no filter and takes every tensor"
                                                    : fmt::format("takes every name with {}", shown(shadow->filter));
    report_.warning(place, "'{}': this entry never applies, the one on line {} {}: put it before that one", spec_.name,
                    shadow->place.line, what);
  }

  Anchors read_anchors(const YamlNode& node) {
    if (node.is_scalar()) {
      const std::optional<double> value = read_scalar(node);
      return value ? Anchors(std::vector<double>{*value}) : std::nullopt;
    }
    if (node.is_sequence()) return read_gradient(node);
    if (node.is_null())
      report_.error(node.place, "'{}' has no value: it must be {}", spec_.name, expected(spec_));
    else
      report_.error(node.place, "'{}' must be {}{}, not a mapping", spec_.name, expected(spec_),
                    is_numeric(spec_) ? ", a list of numbers (a gradient) or a list of {filter, value} entries"
                                      : " or a list of {filter, value} entries");
    return std::nullopt;
  }

  Anchors read_gradient(const YamlNode& node) {
    if (node.items.empty()) {
      report_.error(node.place, "'{}' is an empty list: it must be {}", spec_.name, expected(spec_));
      return std::nullopt;
    }
    if (node.items.size() > 1 && spec_.type != ParamType::kNumber) {
      report_.error(node.place, "'{}' must be {}: it takes no gradient (a list of values over the layers)", spec_.name,
                    expected(spec_));
      return std::nullopt;
    }
    std::vector<double> anchors;
    bool good = true;
    for (const YamlNode* item : node.items) {
      if (!item->is_scalar()) {
        report_.error(item->place, "'{}': every anchor of a gradient must be a number", spec_.name);
        good = false;
      } else if (const std::optional<double> value = read_scalar(*item); value) {
        anchors.push_back(*value);
      } else {
        good = false;
      }
    }
    return good ? Anchors(std::move(anchors)) : std::nullopt;
  }

  std::optional<double> read_scalar(const YamlNode& node) {
    if (spec_.type == ParamType::kFlag) return read_flag(node);
    if (spec_.type == ParamType::kChoice) return read_choice(node);
    const Result<double> value = parse_number(node.text);
    if (!value) {
      report_.error(node.place, "'{}' {}", spec_.name, value.error().message);
      return std::nullopt;
    }
    if (spec_.type == ParamType::kInteger && *value != std::floor(*value)) {
      report_.error(node.place, "'{}' must be a whole number, not {}", spec_.name, node.text);
      return std::nullopt;
    }
    if (*value < spec_.minimum || *value > spec_.maximum) {
      report_.error(node.place, "'{}' must be {}, not {}", spec_.name, range_of(spec_), *value);
      return std::nullopt;
    }
    return value.value();
  }

  std::optional<double> read_flag(const YamlNode& node) {
    const std::optional<bool> flag = parse_flag(node.text);
    if (flag) return *flag ? 1.0 : 0.0;
    report_.error(node.place, "'{}' must be true or false, not {}", spec_.name, shown(node.text));
    return std::nullopt;
  }

  std::optional<double> read_choice(const YamlNode& node) {
    const auto found = std::find(spec_.choices.begin(), spec_.choices.end(), node.text);
    if (found != spec_.choices.end()) return static_cast<double>(found - spec_.choices.begin());
    const std::string_view near = nearest(node.text, spec_.choices);
    report_.error(node.place, "'{}' must be {}, not {}{}", spec_.name, expected(spec_), shown(node.text),
                  near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near));
    return std::nullopt;
  }

  const ParamSpec& spec_;
  Reporter& report_;
};

}  // namespace

ParamSetting read_setting(const YamlEntry& entry, const ParamSpec& spec, Reporter& report) {
  ParamSetting setting{entry.key, {}};
  SettingReader(spec, report).read(*entry.value, setting.rules);
  return setting;
}

const ParamSpec* find_param(const std::vector<ParamSpec>& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const ParamSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

const ParamSetting* find_setting(const std::vector<ParamSetting>& settings, std::string_view name) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const ParamSetting& setting) { return setting.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace wootz
