// Internal to text: tokens that are found in a text as they are spelled, before anything else looks at it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wootz/text/tokenizer.h"

namespace wootz {

struct AddedToken {
  std::u32string content;
  TokenId id = 0;
  bool single_word = false;  ///< only where no word character touches it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space after it
};

/// A stretch of text, or one added token.
struct Fragment {
  std::u32string_view text;
  std::optional<TokenId> id;
};

/// Finds a set of tokens. Immutable; thread-safe.
class AddedTokens {
 public:
  /// A token without content is never found.
  void add(AddedToken token);
  /// Appends the fragments of a text in order, without empty stretches: the leftmost tokens, the longest of those that
  /// start at one place.
  void split(std::u32string_view text, std::vector<Fragment>& fragments) const;

 private:
  const AddedToken* longest_at(std::u32string_view text, std::size_t begin) const;

  std::unordered_map<char32_t, std::vector<AddedToken>> by_first_;  // longest first
};

}  // namespace wootz
