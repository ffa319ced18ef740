// Internal to text: byte-pair encoding over bytes (GPT-2, RoBERTa, CLIP).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wootz/text/word_model.h"

namespace wootz {

struct BpeOptions {
  std::string end_of_word;             ///< what a word's last symbol ends with: "</w>", or nothing
  std::optional<std::string> unknown;  ///< the token for a byte that the vocabulary lacks; without, it is dropped
  bool join_unknown = false;           ///< neighbouring unknown bytes become one token
};

/// Merges are pairs of tokens, the most important first. Fails (kInput) naming a merge whose parts or whole the
/// vocabulary lacks, or an unknown token that it lacks.
Result<std::unique_ptr<WordModel>> make_byte_pairs(const Vocabulary& vocabulary,
                                                   const std::vector<std::pair<std::string, std::string>>& merges,
                                                   const BpeOptions& options);

}  // namespace wootz
