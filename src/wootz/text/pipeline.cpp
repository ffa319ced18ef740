#include "wootz/text/pipeline.h"

#include "wootz/core/check.h"
#include "wootz/text/unicode.h"

namespace wootz {
namespace {

class Pipeline : public Tokenizer {
 public:
  explicit Pipeline(TokenizerParts parts) : parts_(std::move(parts)) {}

  std::vector<TokenId> encode(std::string_view text, std::size_t max_length) const override {
    const std::size_t special = parts_.before.size() + parts_.after.size();
    WOOTZ_CHECK(max_length >= special);
    const std::size_t limit = max_length - parts_.after.size();
    std::vector<TokenId> ids = parts_.before;

    const std::u32string characters = decode_utf8(text);
    std::vector<Fragment> fragments;
    parts_.added.split(characters, fragments);
    for (const Fragment& fragment : fragments) {
      if (fragment.id) {
        ids.push_back(*fragment.id);
      } else {
        encode_stretch(normalized(fragment.text, parts_.normalize), limit, ids);
      }
      if (ids.size() >= limit) break;
    }
    if (ids.size() > limit) ids.resize(limit);
    ids.insert(ids.end(), parts_.after.begin(), parts_.after.end());
    return ids;
  }

  TokenId pad_id() const override { return parts_.pad_id; }
  std::size_t vocabulary_size() const override { return parts_.vocabulary_size; }

 private:
  // Stops once there are `limit` ids.
  void encode_stretch(const std::u32string& text, std::size_t limit, std::vector<TokenId>& ids) const {
    std::vector<Fragment> fragments;
    parts_.added_normalized.split(text, fragments);
    for (const Fragment& fragment : fragments) {
      if (fragment.id) {
        ids.push_back(*fragment.id);
      } else if (parts_.prefix_space && fragment.text.front() != U' ') {
        encode_words(U' ' + std::u32string(fragment.text), limit, ids);
      } else {
        encode_words(fragment.text, limit, ids);
      }
      if (ids.size() >= limit) return;
    }
  }

  void encode_words(std::u32string_view text, std::size_t limit, std::vector<TokenId>& ids) const {
    std::vector<std::u32string_view> words = {text};
    for (const Splitter split : parts_.split) {
      std::vector<std::u32string_view> finer;
      for (const std::u32string_view word : words) split(word, finer);
      words = std::move(finer);
    }
    for (const std::u32string_view word : words) {
      if (ids.size() >= limit) return;
      parts_.model->encode(word, ids);
    }
  }

  TokenizerParts parts_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts) { return std::make_unique<Pipeline>(std::move(parts)); }

}  // namespace wootz
