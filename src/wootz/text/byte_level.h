// Internal to text: the printable characters that stand for bytes in vocabularies of GPT-2's kind.
#pragma once

namespace wootz {

/// Printable Latin-1 characters stand for themselves; the other bytes, in order, for U+0100 and on.
char32_t character_of_byte(unsigned char byte);

}  // namespace wootz
