// Resizing as Pillow 13 does it, to the bit: antialiased, in 8-bit fixed point, one direction after the other.
#pragma once

#include "wootz/data/image.h"

namespace wootz {

/// The numbers are Pillow's (and those of preprocessor_config.json's "resample").
enum class Resampling { kNearest = 0, kLanczos = 1, kBilinear = 2, kBicubic = 3, kBox = 4, kHamming = 5 };

/// Pillow's `image.resize((width, height), resample)`. Requires: positive sizes.
Image resize(const Image& image, int width, int height, Resampling resampling);

/// A part of an image, in pixels.
struct Window {
  std::int64_t left = 0;
  std::int64_t top = 0;
  int width = 0;
  int height = 0;
};

/// The part of the resized image that lies in the window; the rest is never computed, however large.
/// Requires: the window is not empty and lies within the resized image.
Image resize_window(const Image& image, std::int64_t width, std::int64_t height, Resampling resampling,
                    const Window& window);

}  // namespace wootz
