// Internal to text: the Unicode facts that the tokenizers are defined by. Texts are UTF-32 inside this module.
#pragma once

#include <string>
#include <string_view>

namespace wootz {

/// Bytes that are no UTF-8 become U+FFFD, one for each longest start of a character, as in Python's "replace".
std::u32string decode_utf8(std::string_view bytes);
void append_utf8(std::string& out, char32_t c);
std::string encode_utf8(std::u32string_view text);

/// Text from a file as a message shows it: control characters escaped, a long text cut.
std::string printable_text(std::string_view bytes);

/// The property White_Space: what \s stands for in the patterns of tokenizers.
bool is_white_space(char32_t c);
/// The categories L and N, as \p{L} and \p{N}.
bool is_letter(char32_t c);
bool is_number(char32_t c);
/// What \w stands for.
bool is_word(char32_t c);

/// Normalization forms C and D. Invalid characters are kept.
std::u32string to_nfc(std::u32string_view text);
std::u32string to_nfd(std::u32string_view text);
/// Each character alone: no rule looks at its neighbours.
std::u32string to_lower(std::u32string_view text);

/// Categories as BERT's tokenizer has them in the Hugging Face library, which is Unicode 8 whatever else it uses:
/// P (and all ASCII symbols), Mn, and Cc/Cf/Co without tab and line ends.
bool is_bert_punctuation(char32_t c);
bool is_bert_accent(char32_t c);
bool is_bert_control(char32_t c);

}  // namespace wootz
