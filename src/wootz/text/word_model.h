// Internal to text: cuts one word into tokens of a vocabulary.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wootz/text/tokenizer.h"

namespace wootz {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// Tokens as the files spell them, to ids.
using Vocabulary = std::unordered_map<std::string, TokenId, StringHash, std::equal_to<>>;

/// Immutable; thread-safe.
class WordModel {
 public:
  virtual ~WordModel() = default;
  /// Appends the ids of a word. Requires: not empty.
  virtual void encode(std::u32string_view word, std::vector<TokenId>& ids) const = 0;
};

}  // namespace wootz
