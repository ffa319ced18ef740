#include "wootz/text/unicode.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "wootz/core/check.h"
#include "wootz/text/unicode_ages.h"

namespace wootz {
namespace {

constexpr char32_t kReplacement = 0xfffd;

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

unsigned char byte_at(std::string_view bytes, std::size_t position) {
  return static_cast<unsigned char>(bytes[position]);
}

// How long a character is by its first byte (0: none starts so), and what its second byte must be.
struct Lead {
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};

Lead lead(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte >= 0xc2 && byte <= 0xdf) return {2};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {3};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {4};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {};
}

// Reads the character at `position` and moves past it, or past what there is of it.
char32_t next_character(std::string_view bytes, std::size_t& position) {
  const unsigned char first = byte_at(bytes, position++);
  const Lead expected = lead(first);
  if (expected.length == 0) return kReplacement;
  if (expected.length == 1) return first;
  char32_t c = first & (0x7fU >> expected.length);
  for (std::size_t i = 1; i < expected.length; ++i) {
    if (position == bytes.size()) return kReplacement;
    const unsigned char next = byte_at(bytes, position);
    const unsigned char low = i == 1 ? expected.low : 0x80;
    const unsigned char high = i == 1 ? expected.high : 0xbf;
    if (next < low || next > high) return kReplacement;
    c = c << 6U | (next & 0x3fU);
    ++position;
  }
  return c;
}

bool is_ascii(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

std::vector<utf8proc_int32_t> decomposed(std::u32string_view text) {
  std::vector<utf8proc_int32_t> out;
  out.reserve(text.size() + 8);
  int last_boundary = 0;
  for (const char32_t c : text) {
    // Four characters are the longest canonical decomposition.
    utf8proc_int32_t parts[8];
    const auto n =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 8, UTF8PROC_DECOMPOSE, &last_boundary);
    WOOTZ_CHECK(n >= 0 && n <= 8);
    out.insert(out.end(), parts, parts + n);
  }
  // Marks in canonical order: a stable sort of each run by combining class.
  const auto combining_class = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto begin = out.begin(); begin != out.end();) {
    if (combining_class(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, out.end(), [&](utf8proc_int32_t c) { return combining_class(c) == 0; });
    std::stable_sort(begin, end,
                     [&](utf8proc_int32_t a, utf8proc_int32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
  return out;
}

std::u32string as_text(const std::vector<utf8proc_int32_t>& characters) {
  std::u32string text(characters.size(), U'\0');
  std::transform(characters.begin(), characters.end(), text.begin(),
                 [](utf8proc_int32_t c) { return static_cast<char32_t>(c); });
  return text;
}

}  // namespace

std::u32string decode_utf8(std::string_view bytes) {
  std::u32string text;
  text.reserve(bytes.size());
  for (std::size_t position = 0; position < bytes.size();) text.push_back(next_character(bytes, position));
  return text;
}

void append_utf8(std::string& out, char32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  for (utf8proc_ssize_t i = 0; i < n; ++i) out.push_back(static_cast<char>(bytes[i]));
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t c : text) append_utf8(bytes, c);
  return bytes;
}

std::string printable_text(std::string_view bytes) {
  constexpr std::size_t kMost = 60;
  const std::u32string text = decode_utf8(bytes.substr(0, 4 * kMost + 4));
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == kMost) return out + "...";
    const auto found = category(text[i]);
    const bool hidden = found == UTF8PROC_CATEGORY_CC || found == UTF8PROC_CATEGORY_CF ||
                        found == UTF8PROC_CATEGORY_ZL || found == UTF8PROC_CATEGORY_ZP;
    if (hidden) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<std::uint32_t>(text[i]));
    } else {
      append_utf8(out, text[i]);
    }
  }
  return out;
}

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const auto found = category(c);
  return (found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO) || is_new_letter(c);
}

bool is_number(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  const auto found = category(c);
  return (found >= UTF8PROC_CATEGORY_ND && found <= UTF8PROC_CATEGORY_NO) || is_new_number(c);
}

bool is_word(char32_t c) {
  if (is_letter(c) || c == 0x200c || c == 0x200d) return true;
  const auto found = category(c);
  return found == UTF8PROC_CATEGORY_ND || found == UTF8PROC_CATEGORY_NL || found == UTF8PROC_CATEGORY_PC ||
         (found >= UTF8PROC_CATEGORY_MN && found <= UTF8PROC_CATEGORY_ME);
}

std::u32string to_nfc(std::u32string_view text) {
  if (is_ascii(text)) return std::u32string(text);
  auto characters = decomposed(text);
  const auto n = utf8proc_normalize_utf32(characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
                                          static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  WOOTZ_CHECK(n >= 0);
  characters.resize(static_cast<std::size_t>(n));
  return as_text(characters);
}

std::u32string to_nfd(std::u32string_view text) {
  if (is_ascii(text)) return std::u32string(text);
  return as_text(decomposed(text));
}

std::u32string to_lower(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (const char32_t c : text) {
    if (c == 0x130) {  // I with a dot: the one letter whose lower case is two characters
      lower += U"i\u0307";
    } else if (const char32_t young = new_lower_case(c); young != c) {
      lower.push_back(young);
    } else {
      lower.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  }
  return lower;
}

bool is_bert_punctuation(char32_t c) {
  if (c < 0x80) return c > ' ' && c != 0x7f && !is_letter(c) && !is_number(c);
  if (c == 0x166d || c == 0x111c9) return true;  // their category has changed since
  const auto found = category(c);
  return found >= UTF8PROC_CATEGORY_PC && found <= UTF8PROC_CATEGORY_PO && !is_younger_than_unicode_8(c);
}

bool is_bert_accent(char32_t c) {
  if (c == 0x1734) return true;  // as above
  return category(c) == UTF8PROC_CATEGORY_MN && !is_younger_than_unicode_8(c);
}

bool is_bert_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const auto found = category(c);
  return (found == UTF8PROC_CATEGORY_CC || found == UTF8PROC_CATEGORY_CF || found == UTF8PROC_CATEGORY_CO) &&
         !is_younger_than_unicode_8(c);
}

}  // namespace wootz
