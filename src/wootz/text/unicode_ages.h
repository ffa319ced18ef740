// Internal to text: characters whose properties depend on the version of Unicode. The Hugging Face library mixes three
// versions, and utf8proc has a fourth; these tables make the difference.
#pragma once

namespace wootz {

/// Whether punctuation, nonspacing marks and format characters here are younger than Unicode 8.
bool is_younger_than_unicode_8(char32_t c);
/// Letters and numbers that came after Unicode 15, up to 16.
bool is_new_letter(char32_t c);
bool is_new_number(char32_t c);
/// The lower case of letters that came after Unicode 15, up to 17; `c` itself when there is none.
char32_t new_lower_case(char32_t c);

}  // namespace wootz
