#include "wootz/yaml/scalars.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "wootz/yaml/report.h"

namespace wootz {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Without a leading '+' and without underscores between digits, as std::from_chars wants it; "" when it is no number.
std::string normalized(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return "";
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_')
      out += text[i];
    else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
      return "";
  }
  return out;
}

bool is_octal_looking(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_non_finite_word(std::string_view text) {
  std::string word = lower(text);
  if (word.starts_with('-')) word.erase(0, 1);
  if (word.starts_with('.')) word.erase(0, 1);
  return word == "inf" || word == "infinity" || word == "nan";
}

}  // namespace

Result<double> parse_number(std::string_view text) {
  const std::string digits = normalized(text);
  if (is_non_finite_word(digits)) return fail(ErrorKind::kUsage, "must be a finite number, not {}", shown(text));
  if (is_octal_looking(digits))
    return fail(ErrorKind::kUsage, "must not start with a zero: YAML 1.1 reads {} as octal", shown(text));
  double value = 0.0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, status] = std::from_chars(digits.data(), end, value);
  if (status == std::errc::result_out_of_range && rest == end)
    return fail(ErrorKind::kUsage, "must be a number that a double can hold, not {}", shown(text));
  if (status != std::errc() || rest != end || !std::isfinite(value))
    return fail(ErrorKind::kUsage, "must be a number, not {}", shown(text));
  return value;
}

std::optional<bool> parse_flag(std::string_view text) {
  const std::string word = lower(trimmed(text));
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  const Result<double> number = parse_number(word);
  if (number && *number == 1.0) return true;
  if (number && *number == 0.0) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  const std::string digits = normalized(text);
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, status] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || is_octal_looking(digits) || status != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace wootz
