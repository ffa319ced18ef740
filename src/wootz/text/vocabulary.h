// Internal to text: reading the parts that all kinds of tokenizers share into a TokenizerParts.
#pragma once

#include <utility>
#include <vector>

#include "wootz/text/pipeline.h"
#include "wootz/text/token_settings.h"

namespace wootz {

using MergeList = std::vector<std::pair<std::string, std::string>>;

/// An object of tokens and ids. Fails (kInput) when it is empty, or naming a token.
Result<Vocabulary> read_vocabulary(const Json& tokens, std::string_view where);

/// "a b". Fails (kInput) naming the merge.
Result<std::pair<std::string, std::string>> read_merge(std::string_view text, std::string_view where);

/// Makes `parts` find a token, which `vocabulary` then also has. Fails (kInput) when the vocabulary has it under
/// another id, or when no id is known.
Result<> add_token(const AddedSpec& spec, Vocabulary& vocabulary, TokenizerParts& parts);

/// One more than the largest id.
std::size_t size_of(const Vocabulary& vocabulary);

/// Fails (kInput) naming role and token when the vocabulary lacks it.
Result<TokenId> id_of_role(std::string_view role, std::string_view token, const Vocabulary& vocabulary);

}  // namespace wootz
