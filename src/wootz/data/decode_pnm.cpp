// PBM, PGM and PPM, plain and raw.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "wootz/data/decoders.h"

namespace wootz {
namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";

bool is_space(char c) { return kSpace.find(c) != kSpace.npos; }

tl::unexpected<Error> truncated() { return fail(ErrorKind::kInput, "damaged PNM: truncated"); }

// Reads tokens, skipping comments.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  Result<std::uint32_t> number() {
    WOOTZ_RETURN_IF_ERROR(skip_space());
    const std::size_t end = std::min(text_.find_first_of(" \t\n\v\f\r#", position_), text_.size());
    const std::string_view token = text_.substr(position_, end - position_);
    std::uint32_t value = 0;
    const auto [last, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc() || last != token.data() + token.size() || token.size() > 10)
      return fail(ErrorKind::kInput, "damaged PNM: '{}' instead of a number", printable(token));
    position_ = end;
    return value;
  }

  /// The next 0 or 1 of a plain PBM, where they need no space between.
  Result<bool> bit() {
    WOOTZ_RETURN_IF_ERROR(skip_space());
    const char c = text_[position_++];
    if (c != '0' && c != '1') return fail(ErrorKind::kInput, "damaged PNM: a byte {:#04x} instead of 0 or 1", byte(c));
    return c == '1';
  }

  /// What follows the header: all after the one space that ends its last number.
  std::string_view rest() const { return text_.substr(std::min(position_ + 1, text_.size())); }
  std::size_t left() const { return text_.size() - position_; }

 private:
  static unsigned byte(char c) { return static_cast<unsigned char>(c); }
  static std::string printable(std::string_view token) {
    std::string text;
    for (const char c : token.substr(0, 10)) text += byte(c) > 0x20 && byte(c) < 0x7f ? c : '?';
    return text;
  }

  Result<> skip_space() {
    while (position_ < text_.size() && (is_space(text_[position_]) || text_[position_] == '#')) {
      if (text_[position_] == '#')
        position_ = std::min(text_.find_first_of("\r\n", position_), text_.size());
      else
        ++position_;
    }
    if (position_ == text_.size()) return truncated();
    return {};
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

struct Header {
  bool plain = false;
  std::size_t samples = 1;  ///< a pixel; 0: bits
  std::uint32_t top = 1;    ///< the largest value
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

Result<Header> read_header(char kind, Tokens& tokens) {
  Header header;
  header.plain = kind <= '3';
  header.samples = kind == '1' || kind == '4' ? 0 : kind == '2' || kind == '5' ? 1 : 3;
  WOOTZ_TRY(header.width, tokens.number());
  WOOTZ_TRY(header.height, tokens.number());
  if (header.samples == 0) return header;
  WOOTZ_TRY(header.top, tokens.number());
  if (header.top == 0 || header.top > 65535)
    return fail(ErrorKind::kInput, "damaged PNM: a largest value of {}; 1 to 65535 are possible", header.top);
  return header;
}

// Grey of more than 8 bits is scaled to 16 and then clipped, as Pillow does; all else is scaled to 8.
std::uint8_t to_byte(std::uint32_t value, const Header& header) {
  if (header.top == 255) return static_cast<std::uint8_t>(std::min(value, 255u));
  const double out_top = header.samples == 1 && header.top > 255 ? 65535 : 255;
  const double scaled = std::nearbyint(static_cast<double>(value) / header.top * out_top);
  return static_cast<std::uint8_t>(std::min(scaled, 255.0));
}

Result<> read_plain(Tokens tokens, const Header& header, Image& image) {
  if (header.samples == 0) {
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
      WOOTZ_TRY(const bool black, tokens.bit());
      std::fill_n(image.pixels.data() + i, 3, static_cast<std::uint8_t>(black ? 0 : 255));
    }
    return {};
  }
  for (std::size_t i = 0; i < image.pixels.size(); i += header.samples == 1 ? 3 : 1) {
    WOOTZ_TRY(const std::uint32_t value, tokens.number());
    if (value > header.top)
      return fail(ErrorKind::kInput, "damaged PNM: a value of {}, where the largest is {}", value, header.top);
    std::fill_n(image.pixels.data() + i, header.samples == 1 ? 3 : 1, to_byte(value, header));
  }
  return {};
}

void read_raw(std::string_view data, const Header& header, Image& image) {
  const auto byte = [data](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(data[i])}; };
  if (header.samples == 0) {
    const std::size_t row_bytes = (std::size_t{header.width} + 7) / 8;
    for (std::size_t y = 0; y < header.height; ++y)
      for (std::size_t x = 0; x < header.width; ++x) {
        const bool black = (byte(y * row_bytes + x / 8) >> (7 - x % 8) & 1) != 0;
        std::fill_n(image.row(static_cast<int>(y)) + 3 * x, 3, static_cast<std::uint8_t>(black ? 0 : 255));
      }
    return;
  }
  const std::size_t width = header.top < 256 ? 1 : 2;
  const std::size_t repeat = header.samples == 1 ? 3 : 1;
  for (std::size_t i = 0; i < image.pixels.size() / repeat; ++i) {
    const std::uint32_t value = width == 1 ? byte(i) : byte(2 * i) << 8 | byte(2 * i + 1);
    std::fill_n(image.pixels.data() + repeat * i, repeat, to_byte(value, header));
  }
}

}  // namespace

Result<Image> decode_pnm(Bytes encoded) {
  const std::string_view text(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  if (!is_space(text[2])) return fail(ErrorKind::kInput, "damaged PNM: no space after 'P{}'", text[1]);
  Tokens tokens(text.substr(2));
  WOOTZ_TRY(const Header header, read_header(text[1], tokens));
  WOOTZ_RETURN_IF_ERROR(check_image_size(header.width, header.height));

  const std::size_t values = std::size_t{header.width} * header.height * std::max<std::size_t>(header.samples, 1);
  const std::size_t raw_bytes =
      header.samples == 0 ? (std::size_t{header.width} + 7) / 8 * header.height : values * (header.top < 256 ? 1 : 2);
  if (header.plain ? tokens.left() < values : tokens.rest().size() < raw_bytes) return truncated();
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  if (header.plain) {
    WOOTZ_RETURN_IF_ERROR(read_plain(tokens, header, image));
  } else {
    read_raw(tokens.rest(), header, image);
  }
  return image;
}

}  // namespace wootz
