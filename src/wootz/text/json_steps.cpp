#include "wootz/text/json_steps.h"

#include "wootz/text/unicode.h"

namespace wootz {
namespace {

// Sequences within sequences: nobody writes them, and a stack has an end.
constexpr int kDeepest = 4;

constexpr std::string_view kClipPattern = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr std::string_view kClipMarks = R"(<\|startoftext\|>|<\|endoftext\|>|)";

tl::unexpected<Error> unsupported(std::string_view where, std::string_view what) {
  return fail(ErrorKind::kInput, "{}: {} is not supported; Wootz reads the tokenizers of CLIP, RoBERTa and BERT", where,
              what);
}

// Calls `read(part)` for a part, or for each part of a "Sequence", whose list is under `key`.
template <typename Read>
Result<> for_each_part(const Json& part, const char* key, std::string_view where, int depth, Read read) {
  WOOTZ_TRY(const std::string type, text_field(part, "type", where));
  if (type != "Sequence") return read(part, type);
  if (depth == kDeepest) return unsupported(where, "a 'Sequence' this deep");
  WOOTZ_TRY(const Json* parts, array_field(part, key, where));
  for (const Json& item : *parts) WOOTZ_RETURN_IF_ERROR(for_each_part(item, key, where, depth + 1, read));
  return {};
}

// The regular expression of a 'pattern', or "" when it is a plain string.
Result<std::string> read_regex(const Json& part, std::string_view where) {
  WOOTZ_TRY(const Json* pattern, object_field(part, "pattern", where));
  WOOTZ_TRY(const auto regex, optional_text(*pattern, "Regex", where));
  return regex.value_or("");
}

Result<std::vector<NormalizeStep>> read_bert_normalizer(const Json& part, std::string_view where) {
  WOOTZ_TRY(const bool clean, flag_field(part, "clean_text", true, where));
  WOOTZ_TRY(const bool ideographs, flag_field(part, "handle_chinese_chars", true, where));
  WOOTZ_TRY(const bool lower_case, flag_field(part, "lowercase", true, where));
  WOOTZ_TRY(const bool accents, flag_field(part, "strip_accents", lower_case, where));
  return bert_steps(clean, ideographs, accents, lower_case);
}

Result<> add_normalizer(const Json& part, const std::string& type, std::vector<NormalizeStep>& steps) {
  const std::string where = fmt::format("'normalizer' {}", printable_text(type));
  if (type == "NFC") {
    steps.push_back(to_nfc);
  } else if (type == "NFD") {
    steps.push_back(to_nfd);
  } else if (type == "Lowercase") {
    steps.push_back(to_lower);
  } else if (type == "BertNormalizer") {
    WOOTZ_TRY(const auto bert, read_bert_normalizer(part, where));
    steps.insert(steps.end(), bert.begin(), bert.end());
  } else if (type == "Replace") {
    WOOTZ_TRY(const std::string regex, read_regex(part, where));
    WOOTZ_TRY(const std::string content, text_field(part, "content", where));
    if (regex != "\\s+" || content != " ") return unsupported(where, "anything but white space by a space");
    steps.push_back(collapse_white_space);
  } else {
    return unsupported("'normalizer'", fmt::format("'{}'", printable_text(type)));
  }
  return {};
}

Result<> add_split(const Json& part, const std::string& where, PreTokenizer& out) {
  WOOTZ_TRY(const std::string regex, read_regex(part, where));
  WOOTZ_TRY(const std::string behavior, text_field(part, "behavior", where));
  WOOTZ_TRY(const bool invert, flag_field(part, "invert", false, where));
  if (behavior != "Removed" || !invert) return unsupported(where, "any behavior but 'Removed', inverted,");
  if (regex == kClipPattern) {
    out.split.push_back(split_clip);
  } else if (regex == fmt::format("{}{}", kClipMarks, kClipPattern)) {
    out.split.push_back(split_clip_with_marks);
  } else {
    return unsupported(where, fmt::format("the pattern {}", printable_text(regex)));
  }
  return {};
}

Result<> add_pre_tokenizer(const Json& part, const std::string& type, PreTokenizer& out) {
  const std::string where = fmt::format("'pre_tokenizer' {}", printable_text(type));
  if (out.byte_level) return unsupported(where, "anything after 'ByteLevel'");
  if (type == "BertPreTokenizer") {
    out.split.push_back(split_bert);
  } else if (type == "Split") {
    return add_split(part, where, out);
  } else if (type == "ByteLevel") {
    out.byte_level = true;
    WOOTZ_TRY(out.prefix_space, flag_field(part, "add_prefix_space", true, where));
    if (out.prefix_space && !out.split.empty()) return unsupported(where, "'add_prefix_space' after another step");
    WOOTZ_TRY(const bool use_regex, flag_field(part, "use_regex", true, where));
    if (use_regex) out.split.push_back(split_gpt2);
  } else {
    return unsupported("'pre_tokenizer'", fmt::format("'{}'", printable_text(type)));
  }
  return {};
}

// ["</s>", 2]
Result<TokenId> read_token_pair(const Json& part, const char* key, std::string_view where) {
  WOOTZ_TRY(const Json* pair, array_field(part, key, where));
  if (pair->size() != 2) return fail(ErrorKind::kInput, "{}: '{}' is not a token with its id", where, key);
  return token_id((*pair)[1], where);
}

// The ids of a special token of a template.
Result<> append_special(const Json& part, const Json& piece, std::string_view where, std::vector<TokenId>& ids) {
  WOOTZ_TRY(const std::string name, text_field(piece, "id", where));
  WOOTZ_TRY(const Json* tokens, object_field(part, "special_tokens", where));
  WOOTZ_TRY(const Json* token, object_field(*tokens, name.c_str(), where));
  WOOTZ_TRY(const Json* list, array_field(*token, "ids", where));
  for (const Json& value : *list) {
    WOOTZ_TRY(const TokenId id, token_id(value, where));
    ids.push_back(id);
  }
  return {};
}

Result<SpecialTokens> read_template(const Json& part, std::string_view where) {
  WOOTZ_TRY(const Json* pieces, array_field(part, "single", where));
  SpecialTokens tokens;
  int texts = 0;
  for (const Json& piece : *pieces) {
    if (const Json* special = find_field(piece, "SpecialToken"); special != nullptr) {
      WOOTZ_RETURN_IF_ERROR(append_special(part, *special, where, texts == 0 ? tokens.before : tokens.after));
    } else if (find_field(piece, "Sequence") != nullptr) {
      ++texts;
    } else {
      return fail(ErrorKind::kInput, "{}: 'single' holds neither special tokens nor the text", where);
    }
  }
  if (texts != 1) return fail(ErrorKind::kInput, "{}: 'single' holds the text {} times", where, texts);
  return tokens;
}

Result<> add_post_processor(const Json& part, const std::string& type, SpecialTokens& out) {
  const std::string where = fmt::format("'post_processor' {}", printable_text(type));
  SpecialTokens tokens;
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    WOOTZ_TRY(const TokenId first, read_token_pair(part, "cls", where));
    WOOTZ_TRY(const TokenId last, read_token_pair(part, "sep", where));
    tokens = {{first}, {last}};
  } else if (type == "TemplateProcessing") {
    WOOTZ_TRY(tokens, read_template(part, where));
  } else if (type != "ByteLevel") {  // that one concerns positions in the text only
    return unsupported("'post_processor'", fmt::format("'{}'", printable_text(type)));
  }
  out.before.insert(out.before.begin(), tokens.before.begin(), tokens.before.end());
  out.after.insert(out.after.end(), tokens.after.begin(), tokens.after.end());
  return {};
}

}  // namespace

Result<std::vector<NormalizeStep>> read_normalizer(const Json* normalizer) {
  std::vector<NormalizeStep> steps;
  if (normalizer == nullptr) return steps;
  WOOTZ_RETURN_IF_ERROR(
      for_each_part(*normalizer, "normalizers", "'normalizer'", 0,
                    [&](const Json& part, const std::string& type) { return add_normalizer(part, type, steps); }));
  return steps;
}

Result<PreTokenizer> read_pre_tokenizer(const Json* pre_tokenizer) {
  PreTokenizer out;
  if (pre_tokenizer == nullptr) return out;
  WOOTZ_RETURN_IF_ERROR(
      for_each_part(*pre_tokenizer, "pretokenizers", "'pre_tokenizer'", 0,
                    [&](const Json& part, const std::string& type) { return add_pre_tokenizer(part, type, out); }));
  return out;
}

Result<SpecialTokens> read_post_processor(const Json* post_processor) {
  SpecialTokens out;
  if (post_processor == nullptr) return out;
  WOOTZ_RETURN_IF_ERROR(
      for_each_part(*post_processor, "processors", "'post_processor'", 0,
                    [&](const Json& part, const std::string& type) { return add_post_processor(part, type, out); }));
  return out;
}

}  // namespace wootz
