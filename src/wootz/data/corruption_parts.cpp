#include "wootz/data/corruption_parts.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "wootz/core/check.h"
#include "wootz/data/resize.h"

namespace wootz {
namespace {

using Levels = std::array<double, 5>;  // by severity

double level(const Levels& levels, int severity) { return levels[static_cast<std::size_t>(severity - 1)]; }

double value(std::uint8_t byte) { return byte / 255.0; }

// Columns [left, left + width) and rows [top, top + height).
Image part(const Image& image, int left, int top, int width, int height) {
  return resize_window(image, image.width, image.height, Resampling::kNearest, {left, top, width, height});
}

void paste(const Image& piece, int left, int top, Image& image) {
  for (int y = 0; y < piece.height; ++y)
    std::memcpy(image.row(top + y) + 3 * left, piece.row(y), 3 * static_cast<std::size_t>(piece.width));
}

// Images longer than JPEG allows are coded in parts, cut between the blocks of the code.
Image through_jpeg(const Image& image, int quality) {
  if (image.width <= kMaxJpegSide && image.height <= kMaxJpegSide) {
    Result<Image> decoded = decode_image(encode_jpeg(image, quality), "an image just encoded");
    WOOTZ_CHECK(decoded.has_value());
    return *std::move(decoded);
  }
  constexpr int kCut = kMaxJpegSide / 16 * 16;
  const int left = image.width > kMaxJpegSide ? kCut : 0;
  const int top = left == 0 ? kCut : 0;
  const Image first = part(image, 0, 0, left == 0 ? image.width : left, top == 0 ? image.height : top);
  const Image second = part(image, left, top, image.width - left, image.height - top);
  Image out(image.width, image.height);
  paste(through_jpeg(first, quality), 0, 0, out);
  paste(through_jpeg(second, quality), left, top, out);
  return out;
}

}  // namespace

std::uint32_t RandomSequence::word() {
  if (used_ == words_.size()) {
    words_ = philox4x32({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32), 0, 0}, key_);
    ++block_;
    used_ = 0;
  }
  return words_[used_++];
}

// Box and Muller's.
double RandomSequence::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

void blur_gaussian(Plane<double>& plane, double deviation) {
  const int radius = static_cast<int>(4.0 * deviation + 0.5);
  std::vector<double> weights;
  double sum = 0.0;
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 * i * i / (deviation * deviation)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  for (const bool vertical : {true, false}) {
    const Plane<double> before = plane;
    for (int y = 0; y < plane.height; ++y)
      for (int x = 0; x < plane.width; ++x) {
        double blurred = 0.0;
        for (int i = -radius; i <= radius; ++i)
          blurred += weights[static_cast<std::size_t>(i + radius)] *
                     before.clamped(vertical ? x : x + i, vertical ? y + i : y);
        plane.at(x, y) = blurred;
      }
  }
}

Image add_gaussian_noise(const Image& image, int severity, std::uint64_t draw) {
  const double deviation = level({0.04, 0.06, 0.08, 0.09, 0.10}, severity);
  RandomSequence random(draw, "gaussian_noise");
  Image out = image;
  for (std::uint8_t& byte : out.pixels) byte = to_byte(value(byte) + deviation * random.normal());
  return out;
}

Image add_impulse_noise(const Image& image, int severity, std::uint64_t draw) {
  const double share = level({0.01, 0.02, 0.03, 0.05, 0.07}, severity);
  RandomSequence random(draw, "impulse_noise");
  Image out = image;
  for (std::uint8_t& byte : out.pixels) {
    const bool hit = random.uniform() < share;
    const bool white = random.uniform() < 0.5;
    if (hit) byte = white ? 255 : 0;
  }
  return out;
}

// Each pixel becomes a mean of those on a line that starts at it, weighted by half a Gaussian.
Image blur_motion(const Image& image, int severity, std::uint64_t draw) {
  const int radius = static_cast<int>(level({6, 6, 6, 8, 9}, severity));
  const double deviation = level({1, 1.5, 2, 2, 2.5}, severity);
  const double angle = (RandomSequence(draw, "motion_blur").uniform() - 0.5) * std::numbers::pi / 2;  // +-45 degrees
  struct Tap {
    int x = 0;
    int y = 0;
    double weight = 0.0;
  };
  std::vector<Tap> taps;
  double sum = 0.0;
  for (int i = 0; i < 2 * radius + 1; ++i) {
    taps.push_back({static_cast<int>(std::ceil(i * std::cos(angle) - 0.5)),
                    static_cast<int>(std::ceil(i * std::sin(angle) - 0.5)),
                    std::exp(-0.5 * i * i / (deviation * deviation))});
    sum += taps.back().weight;
  }
  Image out(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      std::array<double, 3> mean{};
      for (const Tap& tap : taps) {
        const int from_x = std::clamp(x + tap.x, 0, image.width - 1);
        const std::uint8_t* pixel = image.row(std::clamp(y + tap.y, 0, image.height - 1)) + 3 * from_x;
        for (std::size_t c = 0; c < 3; ++c) mean[c] += pixel[c] * tap.weight;
      }
      for (std::size_t c = 0; c < 3; ++c)
        out.row(y)[3 * static_cast<std::size_t>(x) + c] = static_cast<std::uint8_t>(mean[c] / sum + 0.5);
    }
  return out;
}

Image reduce_contrast(const Image& image, int severity) {
  const double factor = level({0.75, 0.5, 0.4, 0.3, 0.15}, severity);
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) sums[i % 3] += image.pixels[i];
  const double pixels = static_cast<double>(image.pixels.size()) / 3;
  Image out = image;
  for (std::size_t i = 0; i < out.pixels.size(); ++i) {
    const double mean = static_cast<double>(sums[i % 3]) / pixels / 255.0;
    out.pixels[i] = to_byte((value(out.pixels[i]) - mean) * factor + mean);
  }
  return out;
}

// To a square of less than 32 pixels and to 32, whatever the image's size; then back to that.
Image pixelate(const Image& image, int severity) {
  constexpr int kSide = 32;
  const int fewer = static_cast<int>(kSide * level({0.95, 0.9, 0.85, 0.75, 0.65}, severity));
  const Image coarse = resize(image, fewer, fewer, Resampling::kBox);
  return resize(resize(coarse, kSide, kSide, Resampling::kBox), image.width, image.height, Resampling::kBicubic);
}

Image compress_jpeg(const Image& image, int severity) {
  return through_jpeg(image, static_cast<int>(level({80, 65, 58, 50, 40}, severity)));
}

}  // namespace wootz
