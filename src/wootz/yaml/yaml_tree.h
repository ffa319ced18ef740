// A YAML document as plain data. The implementation is the only place that knows yaml-cpp.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/yaml/report.h"

namespace wootz {

struct YamlNode;

struct YamlEntry {
  std::string key;
  TextPlace place;  ///< of the key
  const YamlNode* value = nullptr;
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  TextPlace place;                     ///< of a null: the key it was left out for
  std::string text;                    ///< of a scalar
  std::vector<const YamlNode*> items;  ///< of a sequence
  std::vector<YamlEntry> entries;      ///< of a mapping, keys unique, merge keys (`<<`) carried out
  std::size_t weight = 1;              ///< nodes below and itself, aliases counted as often as they are used

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_mapping() const { return kind == Kind::kMapping; }

  /// nullptr when there is none.
  const YamlEntry* find(std::string_view key) const;
};

struct YamlTree {
  std::deque<YamlNode> nodes;  ///< never moves its elements: nodes point at each other
  const YamlNode* root = nullptr;
};

/// Reads one document, bounded in size, depth and expansion. Duplicate keys are errors that leave a tree; anything that
/// leaves none is one error.
std::optional<YamlTree> read_yaml(std::string_view text, Reporter& report);

/// Reads a document whose root must be a mapping. `what` names the document in messages ("the recipe") and `needs`
/// says what has to be in it ("it needs 'models'"): an empty document and any other root are one error with both.
std::optional<YamlTree> read_mapping(std::string_view text, std::string_view what, std::string_view needs,
                                     Reporter& report);

}  // namespace wootz
