// Internal to text: a tokenizer put together from its parts.
#pragma once

#include <memory>
#include <vector>

#include "wootz/text/added_tokens.h"
#include "wootz/text/normalize.h"
#include "wootz/text/split_words.h"
#include "wootz/text/word_model.h"

namespace wootz {

struct TokenizerParts {
  AddedTokens added;                     ///< found in the text as it comes
  std::vector<NormalizeStep> normalize;  ///< of what lies between them
  AddedTokens added_normalized;          ///< found after that
  bool prefix_space = false;             ///< what lies between those starts with a space
  std::vector<Splitter> split;           ///< each splits the words of the one before
  std::unique_ptr<WordModel> model;
  std::vector<TokenId> before;  ///< special tokens at the start
  std::vector<TokenId> after;   ///< and at the end
  TokenId pad_id = 0;
  std::size_t vocabulary_size = 0;
};

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts);

}  // namespace wootz
