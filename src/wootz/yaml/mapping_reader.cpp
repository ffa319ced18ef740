#include "wootz/yaml/mapping_reader.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

// "from 1 to 5", "of at least 1", ""
template <typename T>
std::string range_text(T minimum, T maximum) {
  const bool below = minimum > std::numeric_limits<T>::lowest() && !(std::is_unsigned_v<T> && minimum == 0);
  const bool above = maximum < std::numeric_limits<T>::max();
  if (below && above) return fmt::format(" from {} to {}", minimum, maximum);
  if (below) return fmt::format(" of at least {}", minimum);
  if (above) return fmt::format(" of at most {}", maximum);
  return "";
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

}  // namespace

MappingReader::MappingReader(const YamlNode& node, std::string_view what, Reporter& report)
    : node_(&node), what_(what), report_(&report) {
  if (!node.is_mapping()) report_->error(node.place, "{} must be a mapping of keys to values", what_);
}

const YamlNode* MappingReader::value(std::string_view key) {
  known_.emplace_back(key);
  const YamlEntry* entry = node_->find(key);
  return entry == nullptr || entry->value->is_null() ? nullptr : entry->value;
}

std::optional<std::string> MappingReader::text(std::string_view key) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar()) return found->text;
  report_->error(found->place, "'{}' must be a single value", key);
  return std::nullopt;
}

std::optional<double> MappingReader::number(std::string_view key, double minimum, double maximum) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar())
    if (const Result<double> parsed = parse_number(found->text); parsed && *parsed >= minimum && *parsed <= maximum)
      return *parsed;
  report_->error(found->place, "'{}' must be a number{}{}", key, range_text(minimum, maximum),
                 found->is_scalar() ? ", not " + shown(found->text) : "");
  return std::nullopt;
}

std::optional<std::uint64_t> MappingReader::integer(std::string_view key, std::uint64_t minimum,
                                                    std::uint64_t maximum) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar())
    if (const auto parsed = parse_unsigned(found->text); parsed && *parsed >= minimum && *parsed <= maximum)
      return parsed;
  report_->error(found->place, "'{}' must be a whole number{}{}", key, range_text(minimum, maximum),
                 found->is_scalar() ? ", not " + shown(found->text) : "");
  return std::nullopt;
}

std::optional<bool> MappingReader::flag(std::string_view key) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar())
    if (const auto parsed = parse_flag(found->text)) return parsed;
  report_->error(found->place, "'{}' must be true or false", key);
  return std::nullopt;
}

std::optional<std::size_t> MappingReader::choice(std::string_view key, const std::vector<std::string>& choices) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar()) {
    const auto at = std::find(choices.begin(), choices.end(), found->text);
    if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
  }
  report_->error(found->place, "'{}' must be one of {}{}{}", key, joined(choices),
                 found->is_scalar() ? ", not " + shown(found->text) : "",
                 found->is_scalar() ? suggestion(found->text, choices) : "");
  return std::nullopt;
}

std::optional<std::vector<std::string>> MappingReader::texts(std::string_view key) {
  const YamlNode* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_scalar()) return std::vector<std::string>{found->text};
  std::vector<std::string> list;
  if (found->is_sequence())
    for (const YamlNode* item : found->items)
      if (item->is_scalar()) list.push_back(item->text);
  if (found->is_sequence() && list.size() == found->items.size()) return list;
  report_->error(found->place, "'{}' must be a list of single values", key);
  return std::nullopt;
}

const YamlNode* MappingReader::node(std::string_view key) { return value(key); }

std::string MappingReader::required_text(std::string_view key) {
  const YamlEntry* entry = node_->find(key);
  std::optional<std::string> found = text(key);
  if (node_->is_mapping() && (entry == nullptr || entry->value->is_null()))
    report_->error(place(key), "{} needs '{}'", what_, key);
  return found.value_or("");
}

TextPlace MappingReader::place(std::string_view key) const {
  const YamlEntry* entry = node_->find(key);
  return entry == nullptr ? node_->place : entry->value->place;
}

void MappingReader::finish() {
  for (const YamlEntry& entry : node_->entries)
    if (std::find(known_.begin(), known_.end(), entry.key) == known_.end())
      report_->error(entry.place, "unknown key {} in {}{}", shown(entry.key), what_, suggestion(entry.key, known_));
}

}  // namespace wootz
