#include "wootz/io/json_scanner.h"

#include <algorithm>
#include <iterator>

namespace wootz {
namespace {

constexpr int kMaxDepth = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_whitespace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }
bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// The code point of a valid sequence of `length` bytes.
std::uint32_t decode_utf8(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first;
  std::uint32_t code = first & (0x7Fu >> sequence.size());
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return code;
}

void append_escaped_units(std::string& out, std::uint32_t code) {
  if (code < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    return;
  }
  code -= 0x10000;
  fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF));
}

}  // namespace

tl::unexpected<Error> JsonScanner::invalid(std::string_view what) {
  skip_whitespace();
  return fail(ErrorKind::kInput, "invalid JSON at byte {}: {}", position_, what);
}

void JsonScanner::skip_whitespace() {
  while (position_ < text_.size() && is_whitespace(text_[position_])) ++position_;
}

bool JsonScanner::accept(char wanted) {
  skip_whitespace();
  if (position_ >= text_.size() || text_[position_] != wanted) return false;
  ++position_;
  return true;
}

Result<> JsonScanner::expect(char wanted) {
  if (accept(wanted)) return {};
  if (position_ >= text_.size()) return invalid(fmt::format("expected '{}', but the text ends", wanted));
  return invalid(fmt::format("expected '{}', found {}", wanted, printable(text_.substr(position_, 1))));
}

bool JsonScanner::at_digit() {
  skip_whitespace();
  return position_ < text_.size() && is_digit(text_[position_]);
}

Result<> JsonScanner::end() {
  skip_whitespace();
  if (position_ < text_.size()) return invalid("text after the end of the object");
  return {};
}

Result<std::string> JsonScanner::string() {
  skip_whitespace();
  if (!accept('"')) return invalid("expected a string");
  std::string out;
  while (position_ < text_.size()) {
    const std::size_t start = position_;
    while (position_ < text_.size() && is_plain(static_cast<unsigned char>(text_[position_]))) ++position_;
    out.append(text_.substr(start, position_ - start));
    if (position_ >= text_.size()) break;
    const auto byte = static_cast<unsigned char>(text_[position_]);
    if (byte == '"') {
      ++position_;
      return out;
    }
    if (byte == '\\') {
      WOOTZ_RETURN_IF_ERROR(escape(out));
      continue;
    }
    if (byte < 0x20) return invalid("a control character in a string");
    const std::size_t length = utf8_length(text_.substr(position_));
    if (length == 0) return invalid("a string that is not valid UTF-8");
    out.append(text_.substr(position_, length));
    position_ += length;
  }
  return invalid("a string without end");
}

Result<> JsonScanner::escape(std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  ++position_;  // the backslash
  if (position_ >= text_.size()) return invalid("a string without end");
  const char letter = text_[position_];
  if (const std::size_t found = kLetters.find(letter); found != kLetters.npos) {
    ++position_;
    out += kMeanings[found];
    return {};
  }
  if (letter != 'u') return invalid("an unknown escape in a string");
  WOOTZ_TRY(std::uint32_t code, four_hex_digits());
  if (code == 0) return invalid("a NUL in a string");
  if (is_high_surrogate(code)) {
    if (text_.substr(position_, 2) != "\\u") return invalid("half of a surrogate pair in a string");
    ++position_;
    WOOTZ_TRY(const std::uint32_t low, four_hex_digits());
    if (!is_low_surrogate(low)) return invalid("half of a surrogate pair in a string");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (is_low_surrogate(code)) {
    return invalid("half of a surrogate pair in a string");
  }
  append_utf8(out, code);
  return {};
}

// At the 'u' of an escape.
Result<std::uint32_t> JsonScanner::four_hex_digits() {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  ++position_;
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i, ++position_) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    std::size_t digit = kLower.find(c);
    if (digit == kLower.npos) digit = kUpper.find(c);
    if (digit == kUpper.npos) return invalid("a \\u escape without four hexadecimal digits");
    code = code << 4 | static_cast<std::uint32_t>(digit);
  }
  return code;
}

Result<std::uint64_t> JsonScanner::unsigned_integer() {
  if (!at_digit()) return invalid("expected an unsigned integer");
  const std::size_t start = position_;
  std::uint64_t value = 0;
  for (; position_ < text_.size() && is_digit(text_[position_]); ++position_) {
    const auto digit = static_cast<std::uint64_t>(text_[position_] - '0');
    if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) || __builtin_add_overflow(value, digit, &value))
      return invalid("an integer of more than 64 bits");
  }
  if (text_[start] == '0' && position_ - start > 1) return invalid("an integer with a leading zero");
  const char next = position_ < text_.size() ? text_[position_] : '\0';
  if (next == '.' || next == 'e' || next == 'E') return invalid("expected an unsigned integer, found a fraction");
  return value;
}

Result<> JsonScanner::skip_value(int depth) {
  if (depth > kMaxDepth) return invalid(fmt::format("nested deeper than {} levels", kMaxDepth));
  skip_whitespace();
  const char first = position_ < text_.size() ? text_[position_] : '\0';
  if (first == '{') return object([&](const std::string&) { return skip_value(depth + 1); });
  if (first == '[') return array([&] { return skip_value(depth + 1); });
  if (first == '"') return string().map([](const std::string&) {});
  if (first == '-' || is_digit(first)) return skip_number();
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(position_, word.size()) != word) continue;
    position_ += word.size();
    return {};
  }
  return invalid("expected a value");
}

bool JsonScanner::skip_digits() {
  const std::size_t start = position_;
  while (position_ < text_.size() && is_digit(text_[position_])) ++position_;
  return position_ > start;
}

Result<> JsonScanner::skip_number() {
  const auto take = [this](std::string_view any_of) {
    if (position_ >= text_.size() || any_of.find(text_[position_]) == any_of.npos) return false;
    ++position_;
    return true;
  };
  take("-");
  if (!take("0") && !skip_digits()) return invalid("a broken number");
  if (take(".") && !skip_digits()) return invalid("a broken number");
  if (take("eE")) {
    take("+-");
    if (!skip_digits()) return invalid("a broken number");
  }
  return {};
}

std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto continues = [byte](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) >= 0x90;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

std::string json_quoted(std::string_view text, bool ascii) {
  constexpr std::string_view kSpecial = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  std::string out = "\"";
  while (!text.empty()) {
    // Bytes that are not UTF-8 cannot be said in JSON; the replacement character keeps the text readable.
    const std::size_t length = utf8_length(text);
    const std::uint32_t code = length == 0 ? 0xFFFD : decode_utf8(text.substr(0, length));
    if (const auto special = kSpecial.find(static_cast<char>(code)); code < 0x80 && special != kSpecial.npos)
      (out += '\\') += kLetters[special];
    else if (code < 0x20 || (ascii && code >= 0x7F))
      append_escaped_units(out, code);
    else
      append_utf8(out, code);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out += '"';
}

std::string printable(std::string_view name) {
  constexpr std::size_t kMaxShown = 200;
  std::string out = "'";
  while (!name.empty()) {
    const std::size_t length = utf8_length(name);
    const auto first = static_cast<unsigned char>(name[0]);
    // C1 controls (U+0080 to U+009F) steer terminals as well.
    const bool control = first < 0x20 || first == 0x7F || (length == 2 && decode_utf8(name.substr(0, 2)) < 0xA0);
    if (length == 0 || control)
      for (const char c : name.substr(0, std::max<std::size_t>(length, 1)))
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    else
      out.append(name.substr(0, length));
    name.remove_prefix(std::max<std::size_t>(length, 1));
    if (out.size() > kMaxShown && !name.empty()) return out += fmt::format("...' ({} bytes more)", name.size());
  }
  return out += '\'';
}

}  // namespace wootz
