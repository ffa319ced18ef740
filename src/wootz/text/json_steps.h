// Internal to text: the parts of a tokenizer.json that say how a text becomes words and what goes around them.
#pragma once

#include "wootz/text/json_fields.h"
#include "wootz/text/pipeline.h"

namespace wootz {

/// Every function takes the field's value, nullptr when it is absent, and fails (kInput) naming what is damaged or not
/// supported.
Result<std::vector<NormalizeStep>> read_normalizer(const Json* normalizer);

struct PreTokenizer {
  std::vector<Splitter> split;
  bool prefix_space = false;
  bool byte_level = false;  ///< words are then spelled in bytes
};
Result<PreTokenizer> read_pre_tokenizer(const Json* pre_tokenizer);

struct SpecialTokens {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
};
Result<SpecialTokens> read_post_processor(const Json* post_processor);

}  // namespace wootz
