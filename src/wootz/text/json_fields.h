// Internal to text: typed reading of JSON objects. Errors name the field, within `where` ("'model'").
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "wootz/text/tokenizer.h"

namespace wootz {

using Json = nlohmann::json;

/// The text as an object. Fails (kInput).
Result<Json> parse_json_object(std::string_view text);

/// A field's value; nullptr when it is absent or null. Requires (here and below): nothing of `object`, which counts as
/// empty when it is no object.
const Json* find_field(const Json& object, const char* key);

/// Nothing when it is absent or null.
Result<std::optional<std::string>> optional_text(const Json& object, const char* key, std::string_view where);
Result<std::optional<bool>> optional_flag(const Json& object, const char* key, std::string_view where);

/// Fail when it is absent or null, too.
Result<std::string> text_field(const Json& object, const char* key, std::string_view where);
Result<const Json*> object_field(const Json& object, const char* key, std::string_view where);
Result<const Json*> array_field(const Json& object, const char* key, std::string_view where);

Result<bool> flag_field(const Json& object, const char* key, bool fallback, std::string_view where);

/// A value that must be an id.
Result<TokenId> token_id(const Json& value, std::string_view where);

}  // namespace wootz
