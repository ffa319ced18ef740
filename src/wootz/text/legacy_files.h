// Internal to text: the vocabulary files from before tokenizer.json, with the defaults of transformers.
#pragma once

#include "wootz/text/pipeline.h"
#include "wootz/text/token_settings.h"

namespace wootz {

/// vocab.json and merges.txt: CLIP's or RoBERTa's. Fails (kInput) naming what is damaged, or when neither settings nor
/// vocabulary tell which of the two it is.
Result<TokenizerParts> read_byte_pair_files(std::string_view vocab_json, std::string_view merges_txt,
                                            const TokenSettings& settings);

/// vocab.txt: BERT's, one token a line. Fails (kInput) naming what is missing.
Result<TokenizerParts> read_vocab_txt(std::string_view text, const TokenSettings& settings);

}  // namespace wootz
