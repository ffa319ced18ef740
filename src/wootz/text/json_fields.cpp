#include "wootz/text/json_fields.h"

#include <limits>

namespace wootz {
namespace {

tl::unexpected<Error> wrong(const char* key, std::string_view where, std::string_view wanted) {
  return fail(ErrorKind::kInput, "{}: '{}' is not {}", where, key, wanted);
}

tl::unexpected<Error> missing(const char* key, std::string_view where) {
  return fail(ErrorKind::kInput, "{}: '{}' is missing", where, key);
}

std::string_view article(const Json& value) { return value.is_object() || value.is_array() ? "an" : "a"; }

}  // namespace

Result<Json> parse_json_object(std::string_view text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return fail(ErrorKind::kInput, "not valid JSON");
  if (!value.is_object()) return fail(ErrorKind::kInput, "not a JSON object");
  return value;
}

const Json* find_field(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::optional<std::string>> optional_text(const Json& object, const char* key, std::string_view where) {
  const Json* value = find_field(object, key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return wrong(key, where, "a string");
  return value->get<std::string>();
}

Result<std::optional<bool>> optional_flag(const Json& object, const char* key, std::string_view where) {
  const Json* value = find_field(object, key);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_boolean()) return wrong(key, where, "true or false");
  return value->get<bool>();
}

Result<std::string> text_field(const Json& object, const char* key, std::string_view where) {
  WOOTZ_TRY(std::optional<std::string> value, optional_text(object, key, where));
  if (!value) return missing(key, where);
  return *std::move(value);
}

Result<const Json*> object_field(const Json& object, const char* key, std::string_view where) {
  const Json* value = find_field(object, key);
  if (value == nullptr) return missing(key, where);
  if (!value->is_object()) return wrong(key, where, "an object");
  return value;
}

Result<const Json*> array_field(const Json& object, const char* key, std::string_view where) {
  const Json* value = find_field(object, key);
  if (value == nullptr) return missing(key, where);
  if (!value->is_array()) return wrong(key, where, "an array");
  return value;
}

Result<bool> flag_field(const Json& object, const char* key, bool fallback, std::string_view where) {
  WOOTZ_TRY(const std::optional<bool> value, optional_flag(object, key, where));
  return value.value_or(fallback);
}

Result<TokenId> token_id(const Json& value, std::string_view where) {
  constexpr auto kLargest = std::numeric_limits<TokenId>::max() - 1;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::uint64_t{kLargest})
    return fail(ErrorKind::kInput, "{}: {} is not a token id", where,
                value.is_number() ? value.dump() : fmt::format("{} {}", article(value), value.type_name()));
  return value.get<TokenId>();
}

}  // namespace wootz
