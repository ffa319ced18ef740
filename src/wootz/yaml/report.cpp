#include "wootz/yaml/report.h"

namespace wootz {

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "'";
  std::size_t end = std::min(text.size(), kLongest);
  if (end < text.size())
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  if (end < text.size()) out += "...";
  return out + "'";
}

}  // namespace wootz
