#include "wootz/text/added_tokens.h"

#include <algorithm>

#include "wootz/text/unicode.h"

namespace wootz {

void AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return;
  std::vector<AddedToken>& tokens = by_first_[token.content.front()];
  const auto place = std::find_if(tokens.begin(), tokens.end(),
                                  [&](const AddedToken& other) { return other.content.size() < token.content.size(); });
  tokens.insert(place, std::move(token));
}

const AddedToken* AddedTokens::longest_at(std::u32string_view text, std::size_t begin) const {
  const auto found = by_first_.find(text[begin]);
  if (found == by_first_.end()) return nullptr;
  for (const AddedToken& token : found->second)
    if (text.substr(begin).starts_with(token.content)) return &token;
  return nullptr;
}

void AddedTokens::split(std::u32string_view text, std::vector<Fragment>& fragments) const {
  std::size_t done = 0;  // up to here the text is in fragments
  for (std::size_t at = 0; !by_first_.empty() && at < text.size();) {
    const AddedToken* token = longest_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = at + token->content.size();
    at = end;
    const bool touches = (begin > 0 && is_word(text[begin - 1])) || (end < text.size() && is_word(text[end]));
    if (token->single_word && touches) continue;
    if (token->lstrip)
      while (begin > done && is_white_space(text[begin - 1])) --begin;
    if (token->rstrip)
      while (end < text.size() && is_white_space(text[end])) ++end;
    if (done < begin) fragments.push_back({text.substr(done, begin - done), std::nullopt});
    fragments.push_back({{}, token->id});
    done = end;
  }
  if (done < text.size()) fragments.push_back({text.substr(done), std::nullopt});
}

}  // namespace wootz
