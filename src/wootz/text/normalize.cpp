#include "wootz/text/normalize.h"

#include "wootz/text/unicode.h"

namespace wootz {
namespace {

// The blocks that the Hugging Face library has: of Extension E it leaves out the first 256.
bool is_ideograph(char32_t c) {
  if (c < 0x3400) return false;
  return (c >= 0x4e00 && c <= 0x9fff) || c <= 0x4dbf || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0x2f800 && c <= 0x2fa1f);
}

}  // namespace

std::u32string collapse_white_space(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool in_space = false;
  for (const char32_t c : text) {
    const bool space = is_white_space(c);
    if (!space) out.push_back(c);
    if (space && !in_space) out.push_back(U' ');
    in_space = space;
  }
  return out;
}

std::u32string bert_clean(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    if (c == 0xfffd || is_bert_control(c)) continue;
    out.push_back(is_white_space(c) ? U' ' : c);
  }
  return out;
}

std::u32string bert_space_ideographs(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    const bool ideograph = is_ideograph(c);
    if (ideograph) out.push_back(U' ');
    out.push_back(c);
    if (ideograph) out.push_back(U' ');
  }
  return out;
}

std::u32string bert_strip_accents(std::u32string_view text) {
  std::u32string out = to_nfd(text);
  std::erase_if(out, is_bert_accent);
  return out;
}

std::vector<NormalizeStep> bert_steps(bool clean, bool ideographs, bool strip_accents, bool lower_case) {
  std::vector<NormalizeStep> steps;
  if (clean) steps.push_back(bert_clean);
  if (ideographs) steps.push_back(bert_space_ideographs);
  if (strip_accents) steps.push_back(bert_strip_accents);
  if (lower_case) steps.push_back(to_lower);
  return steps;
}

std::vector<NormalizeStep> clip_steps() { return {to_nfc, collapse_white_space, to_lower}; }

std::u32string normalized(std::u32string_view text, const std::vector<NormalizeStep>& steps) {
  std::u32string out(text);
  for (const NormalizeStep step : steps) out = step(out);
  return out;
}

}  // namespace wootz
