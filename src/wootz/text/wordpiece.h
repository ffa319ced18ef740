// Internal to text: WordPiece (BERT): the longest token that a word starts with, again and again.
#pragma once

#include <memory>
#include <string>

#include "wootz/text/word_model.h"

namespace wootz {

struct WordPieceOptions {
  std::string unknown = "[UNK]";     ///< for a word that cannot be cut whole
  std::string continuation = "##";   ///< what tokens inside a word start with
  std::size_t max_characters = 100;  ///< a longer word is unknown
};

/// Fails (kInput) when the vocabulary lacks the unknown token.
Result<std::unique_ptr<WordModel>> make_word_pieces(Vocabulary vocabulary, const WordPieceOptions& options);

}  // namespace wootz
