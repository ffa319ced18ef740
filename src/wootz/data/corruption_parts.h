// Internal to data: what corruptions are made of. docs/corruptions.md has the constants.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "wootz/core/rng.h"
#include "wootz/data/image.h"

namespace wootz {

/// Random numbers in sequence, from a counter-based stream: the same for the same draw and purpose.
class RandomSequence {
 public:
  RandomSequence(std::uint64_t draw, std::string_view purpose) : key_(rng_key(draw, purpose, 0)) {}

  /// Above 0 and below 1.
  double uniform() { return (static_cast<double>(word()) + 0.5) / 4294967296.0; }
  /// Of mean 0 and deviation 1.
  double normal();

 private:
  std::uint32_t word();

  RngKey key_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

/// One value a pixel.
template <typename T>
struct Plane {
  int width = 0;
  int height = 0;
  std::vector<T> values;

  Plane(int plane_width, int plane_height)
      : width(plane_width),
        height(plane_height),
        values(static_cast<std::size_t>(plane_width) * static_cast<std::size_t>(plane_height)) {}

  T& at(int x, int y) { return values[index(x, y)]; }
  const T& at(int x, int y) const { return values[index(x, y)]; }
  /// The nearest pixel, outside the plane.
  const T& clamped(int x, int y) const { return at(std::clamp(x, 0, width - 1), std::clamp(y, 0, height - 1)); }
  /// Mirrored at the outermost pixels. Requires: at most one pixel outside.
  const T& mirrored(int x, int y) const { return at(mirror(x, width), mirror(y, height)); }

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  static int mirror(int i, int size) {
    if (size == 1) return 0;
    return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i;
  }
};

/// Weighted by a Gaussian cut off at 4 deviations; pixels outside are like the nearest ones.
void blur_gaussian(Plane<double>& plane, double deviation);

/// 0 to 1 as a byte; what lies outside is clipped. Rounds down, as the benchmark does.
inline std::uint8_t to_byte(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 1.0) * 255.0); }

/// Requires: severity 1 to 5 (also below).
Image add_gaussian_noise(const Image& image, int severity, std::uint64_t draw);
Image add_impulse_noise(const Image& image, int severity, std::uint64_t draw);
Image blur_motion(const Image& image, int severity, std::uint64_t draw);
Image spatter(const Image& image, int severity, std::uint64_t draw);
Image reduce_contrast(const Image& image, int severity);
Image pixelate(const Image& image, int severity);
Image compress_jpeg(const Image& image, int severity);

}  // namespace wootz
