// Internal to text: what is done to a text before it is split into words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wootz {

using NormalizeStep = std::u32string (*)(std::u32string_view text);

/// Each run of white space becomes one space.
std::u32string collapse_white_space(std::u32string_view text);

/// BERT's four steps, in its order: NUL, U+FFFD and control characters go, and white space becomes a space; spaces
/// around ideographs; letters lose their accents; to_lower (unicode.h).
std::u32string bert_clean(std::u32string_view text);
std::u32string bert_space_ideographs(std::u32string_view text);
std::u32string bert_strip_accents(std::u32string_view text);

std::vector<NormalizeStep> bert_steps(bool clean, bool ideographs, bool strip_accents, bool lower_case);
/// Composed, single spaces, lower case.
std::vector<NormalizeStep> clip_steps();

std::u32string normalized(std::u32string_view text, const std::vector<NormalizeStep>& steps);

}  // namespace wootz
