// Internal to data: one decoder per file format, and what they share.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "wootz/data/image.h"

namespace wootz {

using Bytes = std::span<const std::byte>;

/// Whether an image of this size is decoded at all; the message is without the file's name. Call before memory is
/// taken for it.
Result<> check_image_size(std::int64_t width, std::int64_t height);

/// A sample of this alpha over white, rounded as Pillow's `alpha_composite` rounds.
constexpr std::uint8_t over_white(unsigned value, unsigned alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

/// Errors are without the file's name.
Result<Image> decode_png(Bytes encoded);
Result<Image> decode_jpeg(Bytes encoded);
Result<Image> decode_bmp(Bytes encoded);
/// PBM, PGM and PPM, plain (P1 to P3) and raw (P4 to P6).
Result<Image> decode_pnm(Bytes encoded);

}  // namespace wootz
