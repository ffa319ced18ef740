#include "wootz/data/preprocess.h"

#include <algorithm>
#include <cstring>

namespace wootz {
namespace {

// Of the longer side of a picture that is not cropped: a thinner strip than this could not be held in memory, and its
// size fits no batch.
constexpr std::int64_t kMaxSide = 1 << 16;

struct LongSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

LongSize resized(const Preprocessing& steps, const Image& image) {
  if (steps.resize_to) return {steps.resize_to->height, steps.resize_to->width};
  if (!steps.shortest_edge) return {image.height, image.width};
  const std::int64_t edge = *steps.shortest_edge;
  if (image.width <= image.height) return {edge * image.height / image.width, edge};
  return {edge, edge * image.width / image.height};
}

// How one side is cropped: `wanted` positions, of which those of [begin, begin + count) of the image come at `at`.
struct Crop {
  std::int64_t begin = 0;
  int count = 0;
  int at = 0;
};

Crop center(std::int64_t size, int wanted) {
  if (size >= wanted) return {(size - wanted) / 2, wanted, 0};
  const int missing = wanted - static_cast<int>(size);
  return {0, static_cast<int>(size), (missing + 1) / 2};
}

}  // namespace

Preprocessing Preprocessing::clip(int size) {
  Preprocessing steps;
  steps.shortest_edge = size;
  steps.center_crop = Size{size, size};
  return steps;
}

std::optional<Preprocessing::Size> Preprocessing::output_size() const { return center_crop ? center_crop : resize_to; }

Image Preprocessing::geometry(const Image& image) const {
  const LongSize size = resized(*this, image);
  if (!center_crop)
    return resize(image, static_cast<int>(std::min(size.width, kMaxSide)),
                  static_cast<int>(std::min(size.height, kMaxSide)), resampling);
  const Crop x = center(size.width, center_crop->width);
  const Crop y = center(size.height, center_crop->height);
  Image part = resize_window(image, size.width, size.height, resampling, {x.begin, y.begin, x.count, y.count});
  if (part.width == center_crop->width && part.height == center_crop->height) return part;

  Image padded(center_crop->width, center_crop->height);
  for (int row = 0; row < part.height; ++row)
    std::memcpy(padded.row(y.at + row) + 3 * x.at, part.row(row), 3 * static_cast<std::size_t>(part.width));
  return padded;
}

void Preprocessing::normalize(const Image& image, float* out) const {
  // There are only 256 values a channel.
  std::array<std::array<float, 256>, 3> table;
  for (std::size_t channel = 0; channel < 3; ++channel)
    for (std::size_t value = 0; value < 256; ++value) {
      const auto rescaled = static_cast<float>(static_cast<double>(value) * rescale);
      table[channel][value] = (rescaled - static_cast<float>(mean[channel])) / static_cast<float>(deviation[channel]);
    }
  const std::size_t pixels = image.pixels.size() / 3;
  for (std::size_t channel = 0; channel < 3; ++channel)
    for (std::size_t i = 0; i < pixels; ++i) out[channel * pixels + i] = table[channel][image.pixels[3 * i + channel]];
}

}  // namespace wootz
