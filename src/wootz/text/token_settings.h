// Internal to text: what the small files beside a vocabulary say about its special tokens.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wootz/text/json_fields.h"

namespace wootz {

/// A token to be found in texts, as files describe it.
struct AddedSpec {
  std::string content;
  std::optional<TokenId> id;  ///< without, the vocabulary's
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;  ///< looked for in the normalized text
};

/// An object with "content" and flags. Fails (kInput).
Result<AddedSpec> read_added_spec(const Json& object, std::string_view where);

/// tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json of a directory; all may be absent.
struct TokenSettings {
  std::string tokenizer_class;             ///< "CLIPTokenizer", ...; "" when not said
  std::string model_type;                  ///< "clip", "roberta", ...
  std::map<std::string, AddedSpec> roles;  ///< "bos_token", "pad_token", ...
  std::vector<AddedSpec> added;            ///< with their ids
  std::optional<bool> lower_case;
  std::optional<bool> strip_accents;
  std::optional<bool> space_ideographs;
  std::optional<bool> prefix_space;
};

/// Fails (kInput) naming a file that is damaged.
Result<TokenSettings> read_token_settings(FileSystem& files, const std::string& directory);

}  // namespace wootz
