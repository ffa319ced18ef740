// Internal to text: tokenizer.json, the Hugging Face library's own format.
#pragma once

#include "wootz/text/pipeline.h"
#include "wootz/text/token_settings.h"

namespace wootz {

/// Reads the file's text. Its truncation and padding lengths do not count. Fails (kInput) naming the field that is
/// damaged or asks for something Wootz does not do.
Result<TokenizerParts> read_tokenizer_json(std::string_view text, const TokenSettings& settings);

}  // namespace wootz
