#include "wootz/data/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "wootz/core/check.h"

namespace wootz {
namespace {

constexpr int kFractionBits = 22;  // of a coefficient; what remains of 32 are the 8 of a byte, a sign and an overshoot

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

// The filters, as functions of the distance in output pixels (or input pixels, when enlarging).
double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear(double x) { return std::max(1.0 - std::abs(x), 0.0); }

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  // Pillow's constants are single precision.
  return std::sin(x) / x * (static_cast<double>(0.54f) + static_cast<double>(0.46f) * std::cos(x));
}

// Cubic convolution with a = -0.5.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

struct Filter {
  double (*value)(double);
  double support;  ///< half the width outside which the filter is 0
};

Filter filter_of(Resampling resampling) {
  switch (resampling) {
    case Resampling::kLanczos:
      return {lanczos, 3.0};
    case Resampling::kBilinear:
      return {bilinear, 1.0};
    case Resampling::kBicubic:
      return {bicubic, 2.0};
    case Resampling::kHamming:
      return {hamming, 1.0};
    case Resampling::kBox:
    case Resampling::kNearest:
      break;
  }
  return {box, 0.5};
}

// One side of the image: `size` pixels become `resized` ones, of which `wanted` from `begin` on are made.
struct Side {
  int size = 0;
  std::int64_t resized = 0;
  std::int64_t begin = 0;
  int wanted = 0;
};

// For each output position: which inputs make it up, and how much each counts.
struct Weights {
  std::size_t taps = 0;             ///< most inputs of an output
  std::vector<std::int32_t> first;  ///< [outputs] first input
  std::vector<std::int32_t> count;  ///< [outputs] inputs
  std::vector<std::int32_t> fixed;  ///< [outputs, taps] coefficients
};

Weights make_weights(const Side& side, const Filter& filter) {
  const double scale = static_cast<double>(side.size) / static_cast<double>(side.resized);
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter.support * filter_scale;
  const double to_filter = 1.0 / filter_scale;
  const auto outputs = static_cast<std::size_t>(side.wanted);

  Weights weights;
  weights.taps = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  weights.first.resize(outputs);
  weights.count.resize(outputs);
  weights.fixed.resize(outputs * weights.taps);
  std::vector<double> exact(weights.taps);
  for (std::size_t i = 0; i < outputs; ++i) {
    const double center = (static_cast<double>(side.begin + static_cast<std::int64_t>(i)) + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), side.size) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      exact[static_cast<std::size_t>(k)] = filter.value((k + first - center + 0.5) * to_filter);
      sum += exact[static_cast<std::size_t>(k)];
    }
    for (int k = 0; k < count; ++k) {
      const double share = exact[static_cast<std::size_t>(k)] / (sum != 0.0 ? sum : 1.0);
      weights.fixed[i * weights.taps + static_cast<std::size_t>(k)] =
          static_cast<std::int32_t>((share < 0 ? -0.5 : 0.5) + share * (1 << kFractionBits));
    }
    weights.first[i] = first;
    weights.count[i] = count;
  }
  return weights;
}

std::uint8_t to_byte(std::int32_t fixed) {
  return static_cast<std::uint8_t>(std::clamp(fixed >> kFractionBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

// One row; `in` starts with the pixel `offset` of the row that the weights are for.
void resize_row(const std::uint8_t* in, int offset, const Weights& weights, std::uint8_t* out) {
  for (std::size_t x = 0; x < weights.first.size(); ++x, out += 3) {
    const std::uint8_t* pixel = in + 3 * (weights.first[x] - offset);
    const std::int32_t* weight = weights.fixed.data() + x * weights.taps;
    std::int32_t red = kHalf;
    std::int32_t green = kHalf;
    std::int32_t blue = kHalf;
    for (std::int32_t k = 0; k < weights.count[x]; ++k, pixel += 3) {
      red += pixel[0] * weight[k];
      green += pixel[1] * weight[k];
      blue += pixel[2] * weight[k];
    }
    out[0] = to_byte(red);
    out[1] = to_byte(green);
    out[2] = to_byte(blue);
  }
}

// out[i] = the weighted sum of in[k * stride + i] over k, for `lanes` values of i. A known number of lanes lets the
// compiler keep the sums in vector registers.
template <std::size_t kLanes>
void sum_rows(const std::uint8_t* in, std::size_t stride, const std::int32_t* weights, std::int32_t count,
              std::uint8_t* out) {
  std::array<std::int32_t, kLanes> sums;
  sums.fill(kHalf);
  for (std::int32_t k = 0; k < count; ++k, in += stride)
    for (std::size_t i = 0; i < kLanes; ++i) sums[i] += in[i] * weights[k];
  for (std::size_t i = 0; i < kLanes; ++i) out[i] = to_byte(sums[i]);
}

// A row of `bytes` bytes out of `count` rows.
void sum_row(const std::uint8_t* in, std::size_t stride, const std::int32_t* weights, std::int32_t count,
             std::size_t bytes, std::uint8_t* out) {
  constexpr std::size_t kLanes = 32;
  std::size_t i = 0;
  for (; i + kLanes <= bytes; i += kLanes) sum_rows<kLanes>(in + i, stride, weights, count, out + i);
  for (; i < bytes; ++i) sum_rows<1>(in + i, stride, weights, count, out + i);
}

// The input position whose pixel an output position takes. They are added up one by one, as Pillow does.
std::vector<std::size_t> nearest_positions(const Side& side) {
  const double step = static_cast<double>(side.size) / static_cast<double>(side.resized);
  double position = step * 0.5;
  for (std::int64_t i = 0; i < side.begin; ++i) position += step;
  std::vector<std::size_t> positions(static_cast<std::size_t>(side.wanted));
  for (std::size_t& rounded : positions) {
    rounded = std::min(static_cast<std::size_t>(position), static_cast<std::size_t>(side.size) - 1);
    position += step;
  }
  return positions;
}

Image resize_nearest(const Image& image, const Side& horizontal, const Side& vertical) {
  const std::vector<std::size_t> columns = nearest_positions(horizontal);
  const std::vector<std::size_t> rows = nearest_positions(vertical);
  Image out(horizontal.wanted, vertical.wanted);
  for (int y = 0; y < out.height; ++y) {
    const std::uint8_t* in = image.row(static_cast<int>(rows[static_cast<std::size_t>(y)]));
    std::uint8_t* pixel = out.row(y);
    for (std::size_t x = 0; x < columns.size(); ++x) std::memcpy(pixel + 3 * x, in + 3 * columns[x], 3);
  }
  return out;
}

// Positions of one side, [first, last).
struct Range {
  int first = 0;
  int last = 0;
};

Range used_by(const Weights& weights) { return {weights.first.front(), weights.first.back() + weights.count.back()}; }

Range whole(int size) { return {0, size}; }

Range window_of(const Side& side) { return {static_cast<int>(side.begin), static_cast<int>(side.begin) + side.wanted}; }

// The rows of the image, in a new width. The image starts with the column `offset` of the one the weights are for.
Image resize_width(const Image& image, Range rows, int offset, const Weights& weights) {
  Image out(static_cast<int>(weights.first.size()), rows.last - rows.first);
  for (int y = 0; y < out.height; ++y) resize_row(image.row(rows.first + y), offset, weights, out.row(y));
  return out;
}

// The columns of the image, in a new height. The image starts with the row `offset` of the one the weights are for.
Image resize_height(const Image& image, Range columns, int offset, const Weights& weights) {
  Image out(columns.last - columns.first, static_cast<int>(weights.first.size()));
  for (std::size_t y = 0; y < weights.first.size(); ++y)
    sum_row(image.row(weights.first[y] - offset) + 3 * columns.first, 3 * static_cast<std::size_t>(image.width),
            weights.fixed.data() + y * weights.taps, weights.count[y], 3 * static_cast<std::size_t>(out.width),
            out.row(static_cast<int>(y)));
  return out;
}

// Each pass rounds, so their order shows. It is that of Pillow 13; older ones always begin with the width.
bool starts_with_height(const Side& horizontal, const Side& vertical) {
  return vertical.resized < vertical.size &&
         vertical.size - vertical.resized > 2 * (horizontal.size - horizontal.resized);
}

// A pass computes only what the next one needs, and a side that keeps its size has none.
Image resize_sides(const Image& image, const Side& horizontal, const Side& vertical, const Filter& filter) {
  if (vertical.resized == vertical.size)
    return resize_width(image, window_of(vertical), 0, make_weights(horizontal, filter));
  const Weights rows = make_weights(vertical, filter);
  if (horizontal.resized == horizontal.size) return resize_height(image, window_of(horizontal), 0, rows);
  const Weights columns = make_weights(horizontal, filter);
  if (starts_with_height(horizontal, vertical)) {
    const Range used = used_by(columns);
    const Image flat = resize_height(image, used, 0, rows);
    return resize_width(flat, whole(flat.height), used.first, columns);
  }
  const Range used = used_by(rows);
  const Image narrow = resize_width(image, used, 0, columns);
  return resize_height(narrow, whole(narrow.width), used.first, rows);
}

Image cut(const Image& image, const Window& window) {
  Image out(window.width, window.height);
  for (int y = 0; y < window.height; ++y)
    std::memcpy(out.row(y), image.row(static_cast<int>(window.top) + y) + 3 * window.left,
                3 * static_cast<std::size_t>(window.width));
  return out;
}

}  // namespace

Image resize_window(const Image& image, std::int64_t width, std::int64_t height, Resampling resampling,
                    const Window& window) {
  WOOTZ_CHECK(image.width > 0 && image.height > 0 && window.width > 0 && window.height > 0);
  WOOTZ_CHECK(window.left >= 0 && window.left + window.width <= width);
  WOOTZ_CHECK(window.top >= 0 && window.top + window.height <= height);
  const Side horizontal = {image.width, width, window.left, window.width};
  const Side vertical = {image.height, height, window.top, window.height};
  if (width == image.width && height == image.height) return cut(image, window);
  if (resampling == Resampling::kNearest) return resize_nearest(image, horizontal, vertical);
  return resize_sides(image, horizontal, vertical, filter_of(resampling));
}

Image resize(const Image& image, int width, int height, Resampling resampling) {
  return resize_window(image, width, height, resampling, {0, 0, width, height});
}

}  // namespace wootz
