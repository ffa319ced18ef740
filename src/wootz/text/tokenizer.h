// Text to token ids, as the Hugging Face tokenizers of CLIP, RoBERTa (byte-level BPE) and BERT (WordPiece) do it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/file.h"

namespace wootz {

using TokenId = std::int32_t;

/// A tokenizer with its vocabulary. Immutable; thread-safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// The ids of a text with the special tokens around it, cut to at most `max_length` ids: the special tokens stay, the
  /// end of the text goes. Bytes that are not UTF-8 count as U+FFFD. Special tokens spelled out in the text are taken
  /// as such, as the Hugging Face tokenizers do. Requires: max_length is at least the number of special tokens.
  virtual std::vector<TokenId> encode(std::string_view text, std::size_t max_length) const = 0;

  /// What fills up shorter rows of a batch.
  virtual TokenId pad_id() const = 0;
  /// One more than the largest id.
  virtual std::size_t vocabulary_size() const = 0;
};

/// Reads the tokenizer beside a model: tokenizer.json, or else vocab.json with merges.txt (byte-level BPE; CLIP's or
/// RoBERTa's by tokenizer_config.json, special_tokens_map.json or config.json), or else vocab.txt (WordPiece). Fails
/// (kInput) naming the directory when there is none, or naming the file and what in it is damaged or not supported.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(FileSystem& files, const std::string& directory);

}  // namespace wootz
