#include "wootz/text/bpe.h"

#include <array>
#include <cstdint>
#include <queue>
#include <span>

#include "wootz/text/byte_level.h"
#include "wootz/text/unicode.h"

namespace wootz {
namespace {

constexpr TokenId kNone = -1;

std::uint64_t pair_key(TokenId left, TokenId right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U | static_cast<std::uint32_t>(right);
}

struct Merge {
  std::size_t rank = 0;
  TokenId whole = kNone;
};

using Merges = std::unordered_map<std::uint64_t, Merge>;

// A word while its symbols are being merged: a list linked by positions.
class MergingWord {
 public:
  MergingWord(std::span<const TokenId> symbols, const Merges& merges) : merges_(merges) {
    symbols_.reserve(symbols.size());
    for (std::size_t i = 0; i < symbols.size(); ++i) symbols_.push_back({symbols[i], i - 1, i + 1});
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) offer(i);
  }

  // Always the merge of the lowest rank, the leftmost among equals.
  void merge_all() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      Symbol& left = symbols_[best.position];
      if (left.id == kNone || left.next >= symbols_.size()) continue;
      const auto found = merges_.find(pair_key(left.id, symbols_[left.next].id));
      if (found == merges_.end() || found->second.whole != best.merge.whole) continue;  // overtaken by another merge
      Symbol& right = symbols_[left.next];
      left.id = best.merge.whole;
      left.next = right.next;
      right.id = kNone;
      if (left.next < symbols_.size()) {
        symbols_[left.next].previous = best.position;
        offer(best.position);
      }
      if (left.previous < symbols_.size()) offer(left.previous);
    }
  }

  void append_to(std::vector<TokenId>& ids) const {
    for (const Symbol& symbol : symbols_)
      if (symbol.id != kNone) ids.push_back(symbol.id);
  }

 private:
  struct Symbol {
    TokenId id;
    std::size_t previous;  // beyond the end: none
    std::size_t next;
  };

  struct Candidate {
    Merge merge;
    std::size_t position = 0;  // of the left symbol
    bool operator<(const Candidate& other) const {
      return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : position > other.position;
    }
  };

  void offer(std::size_t position) {
    const Symbol& left = symbols_[position];
    const auto found = merges_.find(pair_key(left.id, symbols_[left.next].id));
    if (found != merges_.end()) candidates_.push({found->second, position});
  }

  const Merges& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_;
};

class BytePairs : public WordModel {
 public:
  BytePairs(const Vocabulary& vocabulary, const BpeOptions& options, TokenId unknown, Merges merges)
      : merges_(std::move(merges)), unknown_(unknown), join_unknown_(options.join_unknown) {
    const auto id_of = [&](const std::string& token) {
      const auto found = vocabulary.find(token);
      return found == vocabulary.end() ? kNone : found->second;
    };
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::string token;
      append_utf8(token, character_of_byte(static_cast<unsigned char>(byte)));
      inner_[byte] = id_of(token);
      last_[byte] = id_of(token + options.end_of_word);
    }
  }

  void encode(std::u32string_view word, std::vector<TokenId>& ids) const override {
    const std::string bytes = encode_utf8(word);
    std::vector<TokenId> symbols;
    symbols.reserve(bytes.size());
    bool after_unknown = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      const TokenId id = i + 1 == bytes.size() ? last_[byte] : inner_[byte];
      const bool skipped = id == kNone && (unknown_ == kNone || (join_unknown_ && after_unknown));
      if (!skipped) symbols.push_back(id == kNone ? unknown_ : id);
      after_unknown = id == kNone;
    }
    MergingWord merging(symbols, merges_);
    merging.merge_all();
    merging.append_to(ids);
  }

 private:
  Merges merges_;
  std::array<TokenId, 256> inner_{};  // by byte
  std::array<TokenId, 256> last_{};   // with the end of a word
  TokenId unknown_;
  bool join_unknown_;
};

}  // namespace

Result<std::unique_ptr<WordModel>> make_byte_pairs(const Vocabulary& vocabulary,
                                                   const std::vector<std::pair<std::string, std::string>>& merges,
                                                   const BpeOptions& options) {
  Merges table;
  table.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    for (const std::string& token : {left, right, left + right})
      if (!vocabulary.contains(token))
        return fail(ErrorKind::kInput, "merge {} ('{} {}') needs the token '{}', which is not in the vocabulary",
                    rank + 1, printable_text(left), printable_text(right), printable_text(token));
    table.insert_or_assign(pair_key(vocabulary.find(left)->second, vocabulary.find(right)->second),
                           Merge{rank, vocabulary.find(left + right)->second});
  }
  TokenId unknown = kNone;
  if (options.unknown) {
    const auto found = vocabulary.find(*options.unknown);
    if (found == vocabulary.end())
      return fail(ErrorKind::kInput, "the unknown token '{}' is not in the vocabulary",
                  printable_text(*options.unknown));
    unknown = found->second;
  }
  return std::make_unique<BytePairs>(vocabulary, options, unknown, std::move(table));
}

}  // namespace wootz
