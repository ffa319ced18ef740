#include "wootz/text/legacy_files.h"

#include <algorithm>

#include "wootz/text/bpe.h"
#include "wootz/text/unicode.h"
#include "wootz/text/vocabulary.h"
#include "wootz/text/wordpiece.h"

namespace wootz {
namespace {

// Calls `line(text, number)` for each line, numbers from 1, and stops at its first error.
template <typename Line>
Result<> for_each_line(std::string_view text, Line line) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    if (content.ends_with('\r')) content.remove_suffix(1);
    WOOTZ_RETURN_IF_ERROR(line(content, number));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Result<MergeList> read_merges_txt(std::string_view text) {
  MergeList merges;
  WOOTZ_RETURN_IF_ERROR(for_each_line(text, [&](std::string_view line, std::size_t number) -> Result<> {
    if (line.empty() || line.starts_with("#version")) return {};
    WOOTZ_TRY(auto merge, read_merge(line, fmt::format("merges.txt:{}", number)));
    merges.push_back(std::move(merge));
    return {};
  }));
  return merges;
}

// The token of a role: the files' or else the usual one.
AddedSpec role_token(const TokenSettings& settings, const std::string& role, const AddedSpec& usual) {
  const auto found = settings.roles.find(role);
  return found == settings.roles.end() ? usual : found->second;
}

struct Role {
  std::string name;
  AddedSpec usual;
};

// Makes all special tokens findable, and sets those around a text and the padding.
Result<> add_special_tokens(const TokenSettings& settings, const std::vector<Role>& roles, const std::string& first,
                            const std::string& last, Vocabulary& vocabulary, TokenizerParts& parts) {
  for (const AddedSpec& spec : settings.added) WOOTZ_RETURN_IF_ERROR(add_token(spec, vocabulary, parts));
  for (const auto& [name, usual] : roles) {
    const AddedSpec spec = role_token(settings, name, usual);
    const auto listed = [&](const AddedSpec& added) { return added.content == spec.content; };
    if (std::none_of(settings.added.begin(), settings.added.end(), listed))
      WOOTZ_RETURN_IF_ERROR(add_token(spec, vocabulary, parts));
    const TokenId id = vocabulary.find(spec.content)->second;
    if (name == first) parts.before = {id};
    if (name == last) parts.after = {id};
    if (name == "pad_token") parts.pad_id = id;
  }
  parts.vocabulary_size = size_of(vocabulary);
  return {};
}

enum class Kind { kClip, kRoberta };

Result<Kind> kind_of(const TokenSettings& settings, const Vocabulary& vocabulary) {
  if (settings.tokenizer_class.starts_with("CLIP")) return Kind::kClip;
  if (settings.tokenizer_class.starts_with("Roberta")) return Kind::kRoberta;
  const auto bos = settings.roles.find("bos_token");
  if (bos != settings.roles.end() && bos->second.content == "<|startoftext|>") return Kind::kClip;
  if (bos != settings.roles.end() && bos->second.content == "<s>") return Kind::kRoberta;
  if (settings.model_type.starts_with("clip")) return Kind::kClip;
  if (settings.model_type.find("roberta") != std::string::npos) return Kind::kRoberta;
  if (vocabulary.contains("<|startoftext|>")) return Kind::kClip;
  if (vocabulary.contains("<s>") && vocabulary.contains("</s>")) return Kind::kRoberta;
  return fail(ErrorKind::kInput,
              "this is neither CLIP's nor RoBERTa's vocabulary; say which with 'tokenizer_class' in "
              "tokenizer_config.json, or add a tokenizer.json");
}

Result<> add_clip(const TokenSettings& settings, const MergeList& merges, Vocabulary& vocabulary,
                  TokenizerParts& parts) {
  parts.normalize = clip_steps();
  parts.split = {split_clip_with_marks, split_gpt2};
  const AddedSpec end = {.content = "<|endoftext|>"};
  const std::string unknown = role_token(settings, "unk_token", end).content;
  WOOTZ_TRY(parts.model, make_byte_pairs(vocabulary, merges, {.end_of_word = "</w>", .unknown = unknown}));
  const std::vector<Role> roles = {
      {"bos_token", {.content = "<|startoftext|>"}}, {"eos_token", end}, {"unk_token", end}, {"pad_token", end}};
  return add_special_tokens(settings, roles, "bos_token", "eos_token", vocabulary, parts);
}

Result<> add_roberta(const TokenSettings& settings, const MergeList& merges, Vocabulary& vocabulary,
                     TokenizerParts& parts) {
  parts.split = {split_gpt2};
  parts.prefix_space = settings.prefix_space.value_or(false);
  WOOTZ_TRY(parts.model, make_byte_pairs(vocabulary, merges, {}));
  const AddedSpec start = {.content = "<s>"};
  const AddedSpec end = {.content = "</s>"};
  const std::vector<Role> roles = {{"bos_token", start},
                                   {"eos_token", end},
                                   {"sep_token", end},
                                   {"cls_token", start},
                                   {"unk_token", {.content = "<unk>"}},
                                   {"pad_token", {.content = "<pad>"}},
                                   {"mask_token", {.content = "<mask>", .lstrip = true}}};
  return add_special_tokens(settings, roles, "cls_token", "sep_token", vocabulary, parts);
}

}  // namespace

Result<TokenizerParts> read_byte_pair_files(std::string_view vocab_json, std::string_view merges_txt,
                                            const TokenSettings& settings) {
  WOOTZ_TRY(const Json tokens, parse_json_object(vocab_json));
  WOOTZ_TRY(Vocabulary vocabulary, read_vocabulary(tokens, "the vocabulary"));
  WOOTZ_TRY(const MergeList merges, read_merges_txt(merges_txt));
  WOOTZ_TRY(const Kind kind, kind_of(settings, vocabulary));
  TokenizerParts parts;
  WOOTZ_RETURN_IF_ERROR(kind == Kind::kClip ? add_clip(settings, merges, vocabulary, parts)
                                            : add_roberta(settings, merges, vocabulary, parts));
  return parts;
}

Result<TokenizerParts> read_vocab_txt(std::string_view text, const TokenSettings& settings) {
  Vocabulary vocabulary;
  WOOTZ_RETURN_IF_ERROR(for_each_line(text, [&](std::string_view line, std::size_t number) -> Result<> {
    vocabulary.insert_or_assign(std::string(line), static_cast<TokenId>(number - 1));
    return {};
  }));
  TokenizerParts parts;
  const bool lower_case = settings.lower_case.value_or(true);
  parts.normalize = bert_steps(true, settings.space_ideographs.value_or(true),
                               settings.strip_accents.value_or(lower_case), lower_case);
  parts.split = {split_bert};
  const AddedSpec unknown = {.content = "[UNK]"};
  WOOTZ_TRY(parts.model, make_word_pieces(vocabulary, {.unknown = role_token(settings, "unk_token", unknown).content}));
  const std::vector<Role> roles = {{"unk_token", unknown},
                                   {"sep_token", {.content = "[SEP]"}},
                                   {"pad_token", {.content = "[PAD]"}},
                                   {"cls_token", {.content = "[CLS]"}},
                                   {"mask_token", {.content = "[MASK]"}}};
  WOOTZ_RETURN_IF_ERROR(add_special_tokens(settings, roles, "cls_token", "sep_token", vocabulary, parts));
  return parts;
}

}  // namespace wootz
