#include "wootz/text/tokenizer_json.h"

#include "wootz/text/bpe.h"
#include "wootz/text/json_steps.h"
#include "wootz/text/unicode.h"
#include "wootz/text/vocabulary.h"
#include "wootz/text/wordpiece.h"

namespace wootz {
namespace {

constexpr std::string_view kModel = "'model'";

// Pairs of tokens, or texts "a b" in older files.
Result<MergeList> read_merges(const Json& model) {
  WOOTZ_TRY(const Json* list, array_field(model, "merges", kModel));
  MergeList merges;
  merges.reserve(list->size());
  for (const Json& item : *list) {
    const std::string where = fmt::format("{}: merge {}", kModel, merges.size() + 1);
    if (item.is_string()) {
      WOOTZ_TRY(auto merge, read_merge(item.get_ref<const std::string&>(), where));
      merges.push_back(std::move(merge));
    } else if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
      merges.emplace_back(item[0].get<std::string>(), item[1].get<std::string>());
    } else {
      return fail(ErrorKind::kInput, "{} is not a pair of tokens", where);
    }
  }
  return merges;
}

// What no tokenizer of the kinds that Wootz reads uses, and what would change the ids.
Result<> check_bpe_options(const Json& model) {
  for (const char* option : {"byte_fallback", "ignore_merges"}) {
    WOOTZ_TRY(const bool on, flag_field(model, option, false, kModel));
    if (on) return fail(ErrorKind::kInput, "{}: '{}' is not supported", kModel, option);
  }
  WOOTZ_TRY(const auto prefix, optional_text(model, "continuing_subword_prefix", kModel));
  if (!prefix.value_or("").empty())
    return fail(ErrorKind::kInput, "{}: 'continuing_subword_prefix' is not supported", kModel);
  const Json* dropout = find_field(model, "dropout");
  if (dropout != nullptr && *dropout != 0.0)
    return fail(ErrorKind::kInput, "{}: 'dropout' is for training tokenizers; set it to null", kModel);
  return {};
}

Result<std::unique_ptr<WordModel>> read_bpe(const Json& model, const Vocabulary& vocabulary) {
  WOOTZ_RETURN_IF_ERROR(check_bpe_options(model));
  BpeOptions options;
  WOOTZ_TRY(const auto suffix, optional_text(model, "end_of_word_suffix", kModel));
  options.end_of_word = suffix.value_or("");
  WOOTZ_TRY(options.unknown, optional_text(model, "unk_token", kModel));
  WOOTZ_TRY(options.join_unknown, flag_field(model, "fuse_unk", false, kModel));
  WOOTZ_TRY(const MergeList merges, read_merges(model));
  return make_byte_pairs(vocabulary, merges, options);
}

Result<std::unique_ptr<WordModel>> read_wordpiece(const Json& model, const Vocabulary& vocabulary) {
  WordPieceOptions options;
  WOOTZ_TRY(const auto unknown, optional_text(model, "unk_token", kModel));
  options.unknown = unknown.value_or(options.unknown);
  WOOTZ_TRY(const auto continuation, optional_text(model, "continuing_subword_prefix", kModel));
  options.continuation = continuation.value_or(options.continuation);
  if (const Json* most = find_field(model, "max_input_chars_per_word"); most != nullptr) {
    if (!most->is_number_unsigned())
      return fail(ErrorKind::kInput, "{}: 'max_input_chars_per_word' is not a whole number", kModel);
    options.max_characters = most->get<std::size_t>();
  }
  return make_word_pieces(vocabulary, options);
}

Result<std::unique_ptr<WordModel>> read_model(const Json& model, bool byte_level, const Vocabulary& vocabulary) {
  WOOTZ_TRY(const auto said, optional_text(model, "type", kModel));
  const std::string type = said.value_or(find_field(model, "merges") != nullptr ? "BPE" : "WordPiece");
  if (type == "BPE" && byte_level) return read_bpe(model, vocabulary);
  if (type == "WordPiece" && !byte_level) return read_wordpiece(model, vocabulary);
  return fail(ErrorKind::kInput,
              "{}: '{}' {} 'ByteLevel' words is not supported; Wootz reads byte-level BPE and WordPiece", kModel,
              printable_text(type), byte_level ? "on" : "without");
}

Result<> read_added_tokens(const Json& file, Vocabulary& vocabulary, TokenizerParts& parts) {
  if (find_field(file, "added_tokens") == nullptr) return {};
  WOOTZ_TRY(const Json* list, array_field(file, "added_tokens", "the file"));
  for (const Json& item : *list) {
    WOOTZ_TRY(AddedSpec spec, read_added_spec(item, "'added_tokens'"));
    const Json* id = find_field(item, "id");
    if (id == nullptr) return fail(ErrorKind::kInput, "'added_tokens': '{}' has no id", printable_text(spec.content));
    WOOTZ_TRY(spec.id, token_id(*id, fmt::format("'added_tokens': '{}'", printable_text(spec.content))));
    WOOTZ_RETURN_IF_ERROR(add_token(spec, vocabulary, parts));
  }
  return {};
}

// The files beside come first, then the file's own padding, then the usual names.
Result<TokenId> find_pad_id(const Json& file, const TokenSettings& settings, const Vocabulary& vocabulary,
                            const TokenizerParts& parts) {
  if (const auto role = settings.roles.find("pad_token"); role != settings.roles.end())
    return id_of_role("padding", role->second.content, vocabulary);
  if (const Json* padding = find_field(file, "padding"); padding != nullptr)
    if (const Json* id = find_field(*padding, "pad_id"); id != nullptr) return token_id(*id, "'padding'");
  for (const std::string_view name : {"[PAD]", "<pad>"})
    if (const auto found = vocabulary.find(name); found != vocabulary.end()) return found->second;
  return parts.after.empty() ? 0 : parts.after.back();
}

// The text must keep its place among them, and a network has a row for each id of the vocabulary.
Result<> check_special_tokens(const TokenizerParts& parts) {
  constexpr std::size_t kMost = 8;
  if (parts.before.size() + parts.after.size() > kMost)
    return fail(ErrorKind::kInput, "'post_processor': {} special tokens around a text; at most {} are supported",
                parts.before.size() + parts.after.size(), kMost);
  for (const std::vector<TokenId>& ids : {parts.before, parts.after, {parts.pad_id}})
    for (const TokenId id : ids)
      if (static_cast<std::size_t>(id) >= parts.vocabulary_size)
        return fail(ErrorKind::kInput, "the id {} of a special token is beyond the vocabulary, which ends at {}", id,
                    parts.vocabulary_size - 1);
  return {};
}

}  // namespace

Result<TokenizerParts> read_tokenizer_json(std::string_view text, const TokenSettings& settings) {
  WOOTZ_TRY(const Json file, parse_json_object(text));
  TokenizerParts parts;
  WOOTZ_TRY(parts.normalize, read_normalizer(find_field(file, "normalizer")));
  WOOTZ_TRY(const PreTokenizer pre_tokenizer, read_pre_tokenizer(find_field(file, "pre_tokenizer")));
  parts.split = pre_tokenizer.split;
  parts.prefix_space = pre_tokenizer.prefix_space;
  WOOTZ_TRY(SpecialTokens special, read_post_processor(find_field(file, "post_processor")));
  parts.before = std::move(special.before);
  parts.after = std::move(special.after);

  WOOTZ_TRY(const Json* model, object_field(file, "model", "the file"));
  WOOTZ_TRY(const Json* tokens, object_field(*model, "vocab", kModel));
  WOOTZ_TRY(Vocabulary vocabulary, read_vocabulary(*tokens, "'model': 'vocab'"));
  WOOTZ_TRY(parts.model, read_model(*model, pre_tokenizer.byte_level, vocabulary));
  WOOTZ_RETURN_IF_ERROR(read_added_tokens(file, vocabulary, parts));
  WOOTZ_TRY(parts.pad_id, find_pad_id(file, settings, vocabulary, parts));
  parts.vocabulary_size = size_of(vocabulary);
  WOOTZ_RETURN_IF_ERROR(check_special_tokens(parts));
  return parts;
}

}  // namespace wootz
