#include "wootz/text/token_settings.h"

#include <array>
#include <charconv>

#include "wootz/text/unicode.h"

namespace wootz {
namespace {

constexpr std::uint64_t kLimit = 64U << 20U;

constexpr std::array<const char*, 7> kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token"};

// A role's token is a string, or an object with "content" and flags.
Result<> read_roles(const Json& file, TokenSettings& settings) {
  for (const char* role : kRoles) {
    const Json* value = find_field(file, role);
    if (value == nullptr) continue;
    const std::string where = fmt::format("'{}'", role);
    if (value->is_string()) {
      settings.roles[role] = {.content = value->get<std::string>()};
    } else {
      WOOTZ_TRY(settings.roles[role], read_added_spec(*value, where));
    }
  }
  return {};
}

Result<> read_added_decoder(const Json& file, TokenSettings& settings) {
  const Json* decoder = find_field(file, "added_tokens_decoder");
  if (decoder == nullptr) return {};
  if (!decoder->is_object()) return fail(ErrorKind::kInput, "'added_tokens_decoder' is not an object");
  for (const auto& [key, value] : decoder->items()) {
    const std::string where = fmt::format("'added_tokens_decoder': token {}", printable_text(key));
    WOOTZ_TRY(AddedSpec spec, read_added_spec(value, where));
    TokenId id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0)
      return fail(ErrorKind::kInput, "{}: that is not a token id", where);
    spec.id = id;
    settings.added.push_back(std::move(spec));
  }
  return {};
}

Result<> read_tokenizer_config(const Json& file, TokenSettings& settings) {
  const std::string_view where = "the file";
  WOOTZ_TRY(const auto tokenizer_class, optional_text(file, "tokenizer_class", where));
  settings.tokenizer_class = tokenizer_class.value_or("");
  WOOTZ_TRY(settings.lower_case, optional_flag(file, "do_lower_case", where));
  WOOTZ_TRY(settings.strip_accents, optional_flag(file, "strip_accents", where));
  WOOTZ_TRY(settings.space_ideographs, optional_flag(file, "tokenize_chinese_chars", where));
  WOOTZ_TRY(settings.prefix_space, optional_flag(file, "add_prefix_space", where));
  WOOTZ_RETURN_IF_ERROR(read_roles(file, settings));
  return read_added_decoder(file, settings);
}

// Tokens and ids, from before there was an 'added_tokens_decoder'.
Result<> read_added_tokens(const Json& file, TokenSettings& settings) {
  if (!settings.added.empty()) return {};
  for (const auto& [content, value] : file.items()) {
    WOOTZ_TRY(const TokenId id, token_id(value, fmt::format("token '{}'", printable_text(content))));
    settings.added.push_back({.content = content, .id = id, .normalized = true});
  }
  return {};
}

Result<> read_model_config(const Json& file, TokenSettings& settings) {
  WOOTZ_TRY(const auto model_type, optional_text(file, "model_type", "the file"));
  settings.model_type = model_type.value_or("");
  return {};
}

}  // namespace

Result<AddedSpec> read_added_spec(const Json& object, std::string_view where) {
  AddedSpec spec;
  WOOTZ_TRY(spec.content, text_field(object, "content", where));
  WOOTZ_TRY(spec.single_word, flag_field(object, "single_word", false, where));
  WOOTZ_TRY(spec.lstrip, flag_field(object, "lstrip", false, where));
  WOOTZ_TRY(spec.rstrip, flag_field(object, "rstrip", false, where));
  WOOTZ_TRY(spec.normalized, flag_field(object, "normalized", false, where));
  return spec;
}

Result<TokenSettings> read_token_settings(FileSystem& files, const std::string& directory) {
  using Reader = Result<> (*)(const Json&, TokenSettings&);
  constexpr std::array<std::pair<const char*, Reader>, 4> kFiles = {{{"tokenizer_config.json", read_tokenizer_config},
                                                                     {"special_tokens_map.json", read_roles},
                                                                     {"added_tokens.json", read_added_tokens},
                                                                     {"config.json", read_model_config}}};
  TokenSettings settings;
  for (const auto& [name, read] : kFiles) {
    const std::string path = join_path(directory, name);
    if (!files.exists(path)) continue;
    WOOTZ_TRY(const std::string text, read_text(files, path, kLimit));
    const Result<Json> file = parse_json_object(text);
    const Result<> done = file ? read(*file, settings) : Result<>(tl::unexpected(file.error()));
    if (!done) return tl::unexpected(Error(done.error()).within(path));
  }
  return settings;
}

}  // namespace wootz
