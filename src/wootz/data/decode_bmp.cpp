// Windows and OS/2 bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, not run-length coded. What a header may say is taken
// as Pillow takes it.
#include <algorithm>
#include <array>

#include "wootz/data/decoders.h"

namespace wootz {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::uint32_t kBitfields = 3;

struct Masks {
  std::uint32_t red = 0;
  std::uint32_t green = 0;
  std::uint32_t blue = 0;
  std::uint32_t alpha = 0;
  bool operator==(const Masks&) const = default;
};

struct Header {
  std::uint32_t size = 0;  ///< bytes, of the header after the file header
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool from_top = false;
  unsigned bits = 0;  ///< a pixel
  std::uint32_t compression = 0;
  std::uint32_t colors = 0;     ///< in the palette
  std::size_t color_bytes = 4;  ///< of a palette entry
  std::size_t pixels_at = 0;
  Masks masks;
};

std::uint32_t little_endian(Bytes bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

void read_core_header(Bytes file, Header& header) {
  header.width = little_endian(file, 18, 2);
  header.height = little_endian(file, 20, 2);
  header.bits = little_endian(file, 24, 2);
  header.color_bytes = 3;
}

void read_info_header(Bytes file, Header& header) {
  header.width = little_endian(file, 18, 4);
  header.height = little_endian(file, 22, 4);
  // A negative height; only its highest byte is looked at.
  header.from_top = little_endian(file, 25, 1) == 0xff;
  if (header.from_top) header.height = (std::int64_t{1} << 32) - header.height;
  header.bits = little_endian(file, 28, 2);
  header.compression = little_endian(file, 30, 4);
  header.colors = little_endian(file, 46, 4);
}

// The usual masks of 16 bits are 5-5-5.
Result<> read_masks(Bytes file, Header& header) {
  if (header.bits == 16) header.masks = {0x7c00, 0x3e0, 0x1f};
  if (header.bits >= 24) header.masks = {0xff0000, 0xff00, 0xff};
  if (header.compression != kBitfields) return {};
  // Right after the 40 bytes of the oldest info header, and part of the newer ones at the same place.
  constexpr std::size_t kAt = kFileHeader + 40;
  if (file.size() < kAt + 12) return fail(ErrorKind::kInput, "damaged BMP: truncated");
  Masks masks = {little_endian(file, kAt, 4), little_endian(file, kAt + 4, 4), little_endian(file, kAt + 8, 4)};
  if (header.bits == 32 && header.size >= 56) masks.alpha = little_endian(file, kAt + 12, 4);
  constexpr Masks kUnset;
  constexpr std::array<Masks, 8> k32Bits = {{{0xff0000, 0xff00, 0xff},
                                             {0xff000000, 0xff0000, 0xff00},
                                             {0xff000000, 0xff00, 0xff},
                                             {0xff000000, 0xff0000, 0xff00, 0xff},
                                             {0xff, 0xff00, 0xff0000, 0xff000000},
                                             {0xff0000, 0xff00, 0xff, 0xff000000},
                                             {0xff000000, 0xff00, 0xff, 0xff0000},
                                             kUnset}};
  constexpr std::array<Masks, 2> k16Bits = {{{0xf800, 0x7e0, 0x1f}, {0x7c00, 0x3e0, 0x1f}}};
  const auto among = [&masks](const auto& known) {
    return std::find(known.begin(), known.end(), masks) != known.end();
  };
  const bool known = (header.bits == 32 && among(k32Bits)) || (header.bits == 16 && among(k16Bits)) ||
                     (header.bits == 24 && masks == k32Bits[0]);
  if (!known)
    return fail(ErrorKind::kInput, "a BMP of {} bits with unusual colour masks ({:#x}, {:#x}, {:#x}; alpha {:#x})",
                header.bits, masks.red, masks.green, masks.blue, masks.alpha);
  header.masks = masks == kUnset ? Masks{0xff0000, 0xff00, 0xff, 0xff000000} : masks;
  return {};
}

Result<Header> read_header(Bytes file) {
  if (file.size() < kFileHeader + 12) return fail(ErrorKind::kInput, "damaged BMP: truncated");
  Header header;
  header.size = little_endian(file, kFileHeader, 4);
  constexpr std::array<std::uint32_t, 7> kSizes = {12, 40, 52, 56, 64, 108, 124};
  if (std::find(kSizes.begin(), kSizes.end(), header.size) == kSizes.end())
    return fail(ErrorKind::kInput, "a BMP with an unknown header of {} bytes", header.size);
  if (file.size() < kFileHeader + header.size) return fail(ErrorKind::kInput, "damaged BMP: truncated");
  header.size == 12 ? read_core_header(file, header) : read_info_header(file, header);

  constexpr std::array<unsigned, 6> kBits = {1, 4, 8, 16, 24, 32};
  if (std::find(kBits.begin(), kBits.end(), header.bits) == kBits.end())
    return fail(ErrorKind::kInput, "a BMP of {} bits a pixel", header.bits);
  if (header.compression == 1 || header.compression == 2)
    return fail(ErrorKind::kInput, "a run-length coded BMP; store it without compression, or as PNG");
  if (header.compression != 0 && header.compression != kBitfields)
    return fail(ErrorKind::kInput, "a BMP of unknown compression {}", header.compression);
  WOOTZ_RETURN_IF_ERROR(read_masks(file, header));
  if (header.bits <= 8) {
    if (header.compression != 0) return fail(ErrorKind::kInput, "a BMP with a palette and colour masks");
    if (header.colors == 0) header.colors = 1u << header.bits;
    if (header.colors > 256) return fail(ErrorKind::kInput, "damaged BMP: a palette of {} colours", header.colors);
  }
  header.pixels_at = little_endian(file, 10, 4);
  const std::size_t palette_bytes = header.bits <= 8 ? header.color_bytes * header.colors : 0;
  // Some writers forget the palette.
  if (header.pixels_at == kFileHeader + header.size) header.pixels_at += palette_bytes;
  if (header.pixels_at == 0)
    header.pixels_at =
        kFileHeader + header.size + palette_bytes + (header.compression == kBitfields && header.size == 40 ? 12 : 0);
  return header;
}

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

// Colours that the palette lacks are black; but one that is a grey ramp stands for all greys.
Palette read_palette(Bytes file, const Header& header) {
  Palette palette{};
  const std::size_t begin = kFileHeader + header.size;
  bool grey_ramp = true;
  for (std::size_t i = 0; i < header.colors && begin + header.color_bytes * i + 3 <= file.size(); ++i) {
    const std::size_t at = begin + header.color_bytes * i;
    for (std::size_t c = 0; c < 3; ++c) palette[i][c] = static_cast<std::uint8_t>(little_endian(file, at + 2 - c, 1));
    for (const std::uint8_t value : palette[i]) grey_ramp = grey_ramp && value == i;
  }
  if (grey_ramp)
    for (std::size_t i = header.colors; i < palette.size(); ++i) palette[i].fill(static_cast<std::uint8_t>(i));
  return palette;
}

void indexed_row(const Header& header, const Palette& palette, Bytes row, std::uint8_t* out) {
  const unsigned bits = header.bits;
  for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x, out += 3) {
    const std::size_t bit = x * bits;
    const unsigned byte = std::to_integer<unsigned>(row[bit / 8]);
    const unsigned index = byte >> (8 - bits - bit % 8) & ((1u << bits) - 1);
    std::copy(palette[index].begin(), palette[index].end(), out);
  }
}

struct Channel {
  unsigned shift = 0;
  std::uint32_t top = 0;  ///< the largest value
};

Channel channel_of(std::uint32_t mask) {
  Channel channel;
  while ((mask >> channel.shift & 1) == 0) ++channel.shift;
  channel.top = mask >> channel.shift;
  return channel;
}

void direct_row(const Header& header, Bytes row, std::uint8_t* out) {
  const std::array<Channel, 3> channels = {channel_of(header.masks.red), channel_of(header.masks.green),
                                           channel_of(header.masks.blue)};
  const Channel alpha = header.masks.alpha == 0 ? Channel{} : channel_of(header.masks.alpha);
  const std::size_t bytes = header.bits / 8;
  for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x, out += 3) {
    const std::uint32_t pixel = little_endian(row, x * bytes, bytes);
    for (std::size_t c = 0; c < 3; ++c)
      out[c] = static_cast<std::uint8_t>((pixel >> channels[c].shift & channels[c].top) * 255 / channels[c].top);
    if (alpha.top == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) out[c] = over_white(out[c], pixel >> alpha.shift & alpha.top);
  }
}

}  // namespace

Result<Image> decode_bmp(Bytes encoded) {
  WOOTZ_TRY(const Header header, read_header(encoded));
  WOOTZ_RETURN_IF_ERROR(check_image_size(header.width, header.height));
  const std::size_t stride = (static_cast<std::size_t>(header.width) * header.bits + 31) / 32 * 4;
  const std::size_t used = (static_cast<std::size_t>(header.width) * header.bits + 7) / 8;
  const auto height = static_cast<std::size_t>(header.height);
  // The last row may go without its padding.
  if (header.pixels_at > encoded.size() || encoded.size() - header.pixels_at < stride * (height - 1) + used)
    return fail(ErrorKind::kInput, "damaged BMP: truncated");

  const Palette palette = header.bits <= 8 ? read_palette(encoded, header) : Palette{};
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  for (int y = 0; y < image.height; ++y) {
    const auto stored = static_cast<std::size_t>(header.from_top ? y : image.height - 1 - y);
    const Bytes row = encoded.subspan(header.pixels_at + stride * stored, used);
    header.bits <= 8 ? indexed_row(header, palette, row, image.row(y)) : direct_row(header, row, image.row(y));
  }
  return image;
}

}  // namespace wootz
