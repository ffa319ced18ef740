// Internal to text: how a text falls into the words that are then cut into tokens. Written out by hand, since the
// regular expressions that define them need a Unicode-aware engine.
#pragma once

#include <string_view>
#include <vector>

namespace wootz {

/// Appends the words of a text; they point into it.
using Splitter = void (*)(std::u32string_view text, std::vector<std::u32string_view>& words);

/// CLIP: English contractions, runs of letters, single digits, runs of other characters; white space is dropped.
void split_clip(std::u32string_view text, std::vector<std::u32string_view>& words);
/// The same, with "<|startoftext|>" and "<|endoftext|>" words of their own.
void split_clip_with_marks(std::u32string_view text, std::vector<std::u32string_view>& words);
/// GPT-2: contractions, and runs of letters, digits or others with a space before; nothing is dropped.
void split_gpt2(std::u32string_view text, std::vector<std::u32string_view>& words);
/// BERT: at white space, which is dropped, and before and after each punctuation character.
void split_bert(std::u32string_view text, std::vector<std::u32string_view>& words);

}  // namespace wootz
