#include "wootz/text/vocabulary.h"

#include <algorithm>

#include "wootz/text/unicode.h"

namespace wootz {

Result<Vocabulary> read_vocabulary(const Json& tokens, std::string_view where) {
  Vocabulary vocabulary;
  vocabulary.reserve(tokens.size());
  for (const auto& [token, value] : tokens.items()) {
    const auto id = token_id(value, fmt::format("{}: token '{}'", where, printable_text(token)));
    if (!id) return tl::unexpected(id.error());
    vocabulary.emplace(token, *id);
  }
  if (vocabulary.empty()) return fail(ErrorKind::kInput, "{} has no tokens", where);
  return vocabulary;
}

Result<std::pair<std::string, std::string>> read_merge(std::string_view text, std::string_view where) {
  const std::size_t space = text.find(' ');
  if (space == text.npos || space == 0 || space + 1 == text.size() || text.find(' ', space + 1) != text.npos)
    return fail(ErrorKind::kInput, "{}: '{}' is not two tokens with a space between", where, printable_text(text));
  return std::pair(std::string(text.substr(0, space)), std::string(text.substr(space + 1)));
}

Result<> add_token(const AddedSpec& spec, Vocabulary& vocabulary, TokenizerParts& parts) {
  const auto known = vocabulary.find(spec.content);
  if (known == vocabulary.end() && !spec.id)
    return fail(ErrorKind::kInput, "the special token '{}' is not in the vocabulary", printable_text(spec.content));
  if (known != vocabulary.end() && spec.id && *spec.id != known->second)
    return fail(ErrorKind::kInput, "the added token '{}' has the id {}, but the vocabulary has it as {}",
                printable_text(spec.content), *spec.id, known->second);
  const TokenId id = known != vocabulary.end() ? known->second : *spec.id;
  vocabulary.emplace(spec.content, id);
  std::u32string content = decode_utf8(spec.content);
  if (spec.normalized) content = normalized(content, parts.normalize);
  AddedTokens& tokens = spec.normalized ? parts.added_normalized : parts.added;
  tokens.add({std::move(content), id, spec.single_word, spec.lstrip, spec.rstrip});
  return {};
}

std::size_t size_of(const Vocabulary& vocabulary) {
  TokenId largest = -1;
  for (const auto& [token, id] : vocabulary) largest = std::max(largest, id);
  return static_cast<std::size_t>(largest + 1);
}

Result<TokenId> id_of_role(std::string_view role, std::string_view token, const Vocabulary& vocabulary) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end())
    return fail(ErrorKind::kInput, "the {} token '{}' is not in the vocabulary", role, printable_text(token));
  return found->second;
}

}  // namespace wootz
