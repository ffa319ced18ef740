// Images in memory, and decoding of encoded ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// An RGB image: 3 bytes a pixel, rows from the top, no padding.
struct Image {
  int width = 0;   ///< pixels
  int height = 0;  ///< pixels
  std::vector<std::uint8_t> pixels;

  Image() = default;
  Image(int image_width, int image_height)
      : width(image_width),
        height(image_height),
        pixels(3 * static_cast<std::size_t>(image_width) * static_cast<std::size_t>(image_height)) {}

  std::uint8_t* row(int y) { return pixels.data() + 3 * static_cast<std::size_t>(y) * static_cast<std::size_t>(width); }
  const std::uint8_t* row(int y) const {
    return pixels.data() + 3 * static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
};

/// Decodes PNG, JPEG, BMP or PNM (told apart by their first bytes) to what transformers' image processors make of them
/// with Pillow: an image with transparency (an alpha channel, or colours that a PNG declares transparent) is put over
/// white; others are `convert("RGB")`: palettes resolved, grey repeated, CMYK converted, 16 bits reduced. EXIF
/// orientation is not applied, as there. Fails (kInput) on anything truncated, damaged or larger than 178,956,970
/// pixels; the message starts with `name`. Thread-safe.
Result<Image> decode_image(std::span<const std::byte> encoded, const std::string& name);

constexpr int kMaxJpegSide = 65500;  ///< pixels

/// Encodes as baseline JPEG of quality 1 to 100 with Pillow's defaults (4:2:0). Requires: no side is longer than
/// kMaxJpegSide.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);

}  // namespace wootz
