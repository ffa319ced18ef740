// Spelling help for error messages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wootz {

/// The candidate with the smallest edit distance to `word`, or "" when none is near enough to be a likely typo.
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean 'weight'?)" for a likely typo, else " (valid: a, b, c)", else "".
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

}  // namespace wootz
