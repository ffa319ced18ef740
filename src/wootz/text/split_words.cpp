#include "wootz/text/split_words.h"

#include <array>

#include "wootz/text/unicode.h"

namespace wootz {
namespace {

using Words = std::vector<std::u32string_view>;

enum class Kind { kSpace, kLetter, kNumber, kOther };

Kind kind_of(char32_t c) {
  if (is_white_space(c)) return Kind::kSpace;
  if (is_letter(c)) return Kind::kLetter;
  return is_number(c) ? Kind::kNumber : Kind::kOther;
}

// Where the run of characters of the same kind that starts at `begin` ends. Requires: begin < text.size().
std::size_t run_end(std::u32string_view text, std::size_t begin) {
  const Kind kind = kind_of(text[begin]);
  std::size_t end = begin + 1;
  while (end < text.size() && kind_of(text[end]) == kind) ++end;
  return end;
}

// The length of the contraction ("'s", "'re") that the text starts with, or 0.
std::size_t contraction(std::u32string_view text) {
  constexpr std::array<std::u32string_view, 7> kEndings = {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};
  if (text.front() != U'\'') return 0;
  for (const std::u32string_view ending : kEndings)
    if (text.starts_with(ending)) return ending.size();
  return 0;
}

std::size_t clip_mark(std::u32string_view text) {
  if (text.front() != U'<') return 0;
  for (const std::u32string_view mark :
       {std::u32string_view(U"<|startoftext|>"), std::u32string_view(U"<|endoftext|>")})
    if (text.starts_with(mark)) return mark.size();
  return 0;
}

void split_clip_words(std::u32string_view text, bool marks, Words& words) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t length = marks ? clip_mark(text.substr(begin)) : 0;
    if (length == 0) length = contraction(text.substr(begin));
    const Kind kind = kind_of(text[begin]);
    if (length == 0) length = kind == Kind::kNumber ? 1 : run_end(text, begin) - begin;
    if (kind != Kind::kSpace) words.push_back(text.substr(begin, length));
    begin += length;
  }
}

// Where GPT-2's word that starts at `begin` ends.
std::size_t gpt2_word_end(std::u32string_view text, std::size_t begin) {
  if (const std::size_t length = contraction(text.substr(begin)); length > 0) return begin + length;
  if (kind_of(text[begin]) != Kind::kSpace) return run_end(text, begin);
  if (text[begin] == U' ' && begin + 1 < text.size() && kind_of(text[begin + 1]) != Kind::kSpace)
    return run_end(text, begin + 1);
  // White space leaves its last character to the word after it.
  const std::size_t end = run_end(text, begin);
  return end < text.size() && end - begin > 1 ? end - 1 : end;
}

}  // namespace

void split_clip(std::u32string_view text, Words& words) { split_clip_words(text, false, words); }

void split_clip_with_marks(std::u32string_view text, Words& words) { split_clip_words(text, true, words); }

void split_gpt2(std::u32string_view text, Words& words) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_word_end(text, begin);
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
}

void split_bert(std::u32string_view text, Words& words) {
  std::size_t begin = 0;
  const auto finish = [&](std::size_t end) {
    if (begin < end) words.push_back(text.substr(begin, end - begin));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool space = is_white_space(text[i]);
    if (!space && !is_bert_punctuation(text[i])) continue;
    finish(i);
    if (!space) words.push_back(text.substr(i, 1));
    begin = i + 1;
  }
  finish(text.size());
}

}  // namespace wootz
