#include "wootz/text/wordpiece.h"

#include "wootz/text/unicode.h"

namespace wootz {
namespace {

class WordPieces : public WordModel {
 public:
  WordPieces(Vocabulary vocabulary, const WordPieceOptions& options, TokenId unknown)
      : vocabulary_(std::move(vocabulary)), options_(options), unknown_(unknown) {}

  void encode(std::u32string_view word, std::vector<TokenId>& ids) const override {
    if (word.size() > options_.max_characters) {
      ids.push_back(unknown_);
      return;
    }
    const std::size_t before = ids.size();
    while (!word.empty()) {
      const std::size_t length = longest_token(word, ids.size() > before, ids);
      if (length == 0) {
        ids.resize(before);
        ids.push_back(unknown_);
        return;
      }
      word.remove_prefix(length);
    }
  }

 private:
  // Appends the longest token that the rest of a word starts with; returns how many characters it covers, or 0.
  std::size_t longest_token(std::u32string_view rest, bool continued, std::vector<TokenId>& ids) const {
    std::string text = continued ? options_.continuation : "";
    std::vector<std::size_t> ends;  // of the text, by characters taken
    ends.reserve(rest.size());
    for (const char32_t c : rest) {
      append_utf8(text, c);
      ends.push_back(text.size());
    }
    for (std::size_t length = rest.size(); length > 0; --length) {
      const auto found = vocabulary_.find(std::string_view(text).substr(0, ends[length - 1]));
      if (found == vocabulary_.end()) continue;
      ids.push_back(found->second);
      return length;
    }
    return 0;
  }

  Vocabulary vocabulary_;
  WordPieceOptions options_;
  TokenId unknown_;
};

}  // namespace

Result<std::unique_ptr<WordModel>> make_word_pieces(Vocabulary vocabulary, const WordPieceOptions& options) {
  const auto found = vocabulary.find(options.unknown);
  if (found == vocabulary.end())
    return fail(ErrorKind::kInput, "the unknown token '{}' is not in the vocabulary", printable_text(options.unknown));
  const TokenId unknown = found->second;
  return std::make_unique<WordPieces>(std::move(vocabulary), options, unknown);
}

}  // namespace wootz
