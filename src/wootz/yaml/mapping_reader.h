// Reads a mapping with known keys: each value checked for its type and range, whatever else is there an error with the
// nearest known key.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/yaml/yaml_tree.h"

namespace wootz {

class MappingReader {
 public:
  /// `what` names the mapping in messages: "the file", "a task", "'lora'". A node that is no mapping is one error, and
  /// every key then counts as absent. Node and report must outlive the reader.
  MappingReader(const YamlNode& node, std::string_view what, Reporter& report);

  /// Every getter returns nothing when the key is absent or null, or when its value is wrong, which is then reported.
  std::optional<std::string> text(std::string_view key);
  std::optional<double> number(std::string_view key, double minimum = -std::numeric_limits<double>::infinity(),
                               double maximum = std::numeric_limits<double>::infinity());
  std::optional<std::uint64_t> integer(std::string_view key, std::uint64_t minimum = 0,
                                       std::uint64_t maximum = std::numeric_limits<std::uint64_t>::max());
  std::optional<bool> flag(std::string_view key);
  /// The index of the value among `choices`.
  std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string>& choices);
  /// A list of scalars; one scalar counts as a list of one.
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// The value as it is, or nullptr.
  const YamlNode* node(std::string_view key);

  /// text(), and an error when the key is absent.
  std::string required_text(std::string_view key);

  /// Where a key stands, or the mapping when it does not.
  TextPlace place(std::string_view key) const;

  /// Reports every key that no getter was called for. Call last.
  void finish();

 private:
  const YamlNode* value(std::string_view key);

  const YamlNode* node_;
  std::string what_;
  Reporter* report_;
  std::vector<std::string> known_;
};

/// Sets what a recipe may set: a value that is not there leaves the target as it is.
template <typename T, typename U>
void set_if_given(T& target, const std::optional<U>& value) {
  if (value) target = static_cast<T>(*value);
}

}  // namespace wootz
