#include "wootz/yaml/yaml_text.h"

#include <algorithm>

namespace wootz {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

// Bytes of the UTF-8 character at the front of `text`, 0 when it is none (Unicode 15, table 3-7).
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto within = [&](std::size_t i, int low, int high) { return byte(i) >= low && byte(i) <= high; };
  const int lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const int low = lead == 0xE0 ? 0xA0 : 0x80;
    const int high = lead == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const int low = lead == 0xF0 ? 0x90 : 0x80;
    const int high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

TextPlace place_of(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? position : position - newline - 1;
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(column) + 1};
}

}  // namespace

bool check_text(std::string_view text, Reporter& report) {
  if (text.size() > kMaxBytes) {
    report.error({}, "the file has {} bytes, at most {} are read: is it the right one?", text.size(), kMaxBytes);
    return false;
  }
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_size(text.substr(i));
    if (size == 0) {
      report.error(place_of(text, i), "not UTF-8 text (byte 0x{:02x}): save the file as UTF-8",
                   static_cast<unsigned char>(text[i]));
      return false;
    }
    if (is_control(text[i])) {
      report.error(place_of(text, i), "control character 0x{:02x}: YAML is plain text; remove it",
                   static_cast<unsigned char>(text[i]));
      return false;
    }
    i += size;
  }
  return true;
}

}  // namespace wootz
