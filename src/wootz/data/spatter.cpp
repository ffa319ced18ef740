// Drops of water or mud: random blobs, which for water are given a rim that catches the light.
#include <cmath>

#include "wootz/data/corruption_parts.h"

namespace wootz {
namespace {

using Bytes = Plane<std::uint8_t>;

struct Level {
  double mean = 0.0;       ///< of the liquid's random field
  double deviation = 0.0;  ///< of the same
  double blur = 0.0;       ///< of the same, pixels
  double threshold = 0.0;  ///< the field is liquid from here on
  double strength = 0.0;   ///< of water; or the blur of mud's rim, pixels
  bool is_mud = false;
};

constexpr std::array<Level, 5> kLevels = {{{0.62, 0.1, 0.7, 0.7, 0.5, false},
                                           {0.65, 0.1, 0.8, 0.7, 0.5, false},
                                           {0.65, 0.3, 1.0, 0.69, 0.5, false},
                                           {0.65, 0.1, 0.7, 0.69, 0.6, true},
                                           {0.65, 0.1, 0.5, 0.68, 0.6, true}}};

constexpr std::array<double, 3> kWater = {175 / 255.0, 238 / 255.0, 238 / 255.0};  // pale turquoise
constexpr std::array<double, 3> kMud = {63 / 255.0, 42 / 255.0, 20 / 255.0};

std::uint8_t saturated(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

struct Gradient {
  int x = 0;
  int y = 0;
  int magnitude = 0;  ///< |x| + |y|
};

// Sobel's, 3 x 3.
Plane<Gradient> gradients(const Bytes& image) {
  Plane<Gradient> out(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const auto pixel = [&](int dx, int dy) -> int { return image.clamped(x + dx, y + dy); };
      Gradient& gradient = out.at(x, y);
      gradient.x = pixel(1, -1) + 2 * pixel(1, 0) + pixel(1, 1) - pixel(-1, -1) - 2 * pixel(-1, 0) - pixel(-1, 1);
      gradient.y = pixel(-1, 1) + 2 * pixel(0, 1) + pixel(1, 1) - pixel(-1, -1) - 2 * pixel(0, -1) - pixel(1, -1);
      gradient.magnitude = std::abs(gradient.x) + std::abs(gradient.y);
    }
  return out;
}

// Whether the gradient is largest here along its own direction, taken as one of four.
bool is_crest(const Plane<Gradient>& gradients, int x, int y) {
  const Gradient& here = gradients.at(x, y);
  const auto magnitude = [&](int dx, int dy) {
    const bool inside = x + dx >= 0 && x + dx < gradients.width && y + dy >= 0 && y + dy < gradients.height;
    return inside ? gradients.at(x + dx, y + dy).magnitude : 0;
  };
  constexpr double kTangent = 0.41421356;  // of 22.5 degrees
  const double across = std::abs(here.x);
  const double down = std::abs(here.y);
  if (down < across * kTangent) return here.magnitude > magnitude(-1, 0) && here.magnitude >= magnitude(1, 0);
  if (across < down * kTangent) return here.magnitude > magnitude(0, -1) && here.magnitude >= magnitude(0, 1);
  const int slope = (here.x < 0) != (here.y < 0) ? -1 : 1;
  return here.magnitude > magnitude(-slope, -1) && here.magnitude > magnitude(slope, 1);
}

// Canny's edges: crests of the gradient above 150, and those above 50 that are connected to one.
Plane<bool> edges(const Bytes& image) {
  constexpr int kLow = 50;
  constexpr int kHigh = 150;
  const Plane<Gradient> slopes = gradients(image);
  Plane<bool> found(image.width, image.height);
  struct Point {
    int x = 0;
    int y = 0;
  };
  std::vector<Point> open;
  const auto visit = [&](int x, int y, int threshold) {
    if (x < 0 || x >= image.width || y < 0 || y >= image.height) return;
    const std::size_t at =
        static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x);
    if (found.values[at] || slopes.values[at].magnitude <= threshold || !is_crest(slopes, x, y)) return;
    found.values[at] = true;
    open.push_back({x, y});
  };
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) visit(x, y, kHigh);
  while (!open.empty()) {
    const Point point = open.back();
    open.pop_back();
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) visit(point.x + dx, point.y + dy, kLow);
  }
  return found;
}

// The distance to the nearest edge, at most `limit`: the shortest way in steps to near pixels (Borgefors).
Plane<float> distances(const Plane<bool>& edge, float limit) {
  struct Step {
    int x;
    int y;
    float length;
  };
  constexpr std::array<Step, 8> kSteps = {{{-1, 0, 1.0f},
                                           {0, -1, 1.0f},
                                           {-1, -1, 1.4f},
                                           {1, -1, 1.4f},
                                           {-2, -1, 2.1969f},
                                           {2, -1, 2.1969f},
                                           {-1, -2, 2.1969f},
                                           {1, -2, 2.1969f}}};
  Plane<float> out(edge.width, edge.height);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = edge.values[i] ? 0.0f : limit;
  const auto relax = [&](int x, int y, int sign) {
    for (const Step& step : kSteps) {
      const int from_x = x + sign * step.x;
      const int from_y = y + sign * step.y;
      if (from_x < 0 || from_x >= out.width || from_y < 0 || from_y >= out.height) continue;
      out.at(x, y) = std::min(out.at(x, y), out.at(from_x, from_y) + step.length);
    }
  };
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) relax(x, y, 1);
  for (int y = out.height - 1; y >= 0; --y)
    for (int x = out.width - 1; x >= 0; --x) relax(x, y, -1);
  return out;
}

// The mean of 3 x 3 pixels.
template <typename T>
Plane<float> blur_box(const Plane<T>& plane) {
  Plane<float> out(plane.width, plane.height);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      float sum = 0.0f;
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) sum += static_cast<float>(plane.mirrored(x + dx, y + dy));
      out.at(x, y) = sum / 9.0f;
    }
  return out;
}

// Spreads the values that occur over all of 0 to 255, by their rank.
void equalize(Bytes& plane) {
  std::array<std::size_t, 256> counts{};
  for (const std::uint8_t value : plane.values) ++counts[value];
  std::size_t first = 0;
  while (counts[first] == 0) ++first;
  const std::size_t rest = plane.values.size() - counts[first];
  if (rest == 0) return;
  std::array<std::uint8_t, 256> map{};
  std::size_t sum = 0;
  for (std::size_t i = first + 1; i < map.size(); ++i) {
    sum += counts[i];
    map[i] = static_cast<std::uint8_t>(std::nearbyint(static_cast<double>(sum) * 255.0 / static_cast<double>(rest)));
  }
  for (std::uint8_t& value : plane.values) value = map[value];
}

// Light from the upper left.
Bytes emboss(const Bytes& plane) {
  constexpr std::array<std::array<int, 3>, 3> kKernel = {{{-2, -1, 0}, {-1, 1, 1}, {0, 1, 2}}};
  Bytes out(plane.width, plane.height);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      int sum = 0;
      for (int dy = 0; dy < 3; ++dy)
        for (int dx = 0; dx < 3; ++dx)
          sum += kKernel[static_cast<std::size_t>(dy)][static_cast<std::size_t>(dx)] *
                 plane.mirrored(x + dx - 1, y + dy - 1);
      out.at(x, y) = saturated(sum);
    }
  return out;
}

// How much light each drop adds at each pixel, 0 to 1.
Plane<double> water(const Plane<double>& liquid) {
  Bytes drops(liquid.width, liquid.height);
  for (std::size_t i = 0; i < drops.values.size(); ++i) drops.values[i] = to_byte(liquid.values[i]);
  const Plane<float> rim = blur_box(distances(edges(drops), 20.0f));
  Bytes levels(liquid.width, liquid.height);
  for (std::size_t i = 0; i < levels.values.size(); ++i) levels.values[i] = static_cast<std::uint8_t>(rim.values[i]);
  equalize(levels);
  const Plane<float> light = blur_box(emboss(levels));

  Plane<double> out(liquid.width, liquid.height);
  double most = 0.0;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    out.values[i] = static_cast<double>(drops.values[i]) * std::nearbyint(static_cast<double>(light.values[i]));
    most = std::max(most, out.values[i]);
  }
  if (most > 0.0)
    for (double& value : out.values) value /= most;
  return out;
}

// How much of each pixel is covered.
Plane<double> mud(const Plane<double>& liquid, double blur) {
  Plane<double> out(liquid.width, liquid.height);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = liquid.values[i] > 0.0 ? 1.0 : 0.0;
  blur_gaussian(out, blur);
  for (double& value : out.values)
    if (value < 0.8) value = 0.0;
  return out;
}

}  // namespace

Image spatter(const Image& image, int severity, std::uint64_t draw) {
  const Level& level = kLevels[static_cast<std::size_t>(severity - 1)];
  Plane<double> liquid(image.width, image.height);
  RandomSequence random(draw, "spatter");
  for (double& value : liquid.values) value = level.mean + level.deviation * random.normal();
  blur_gaussian(liquid, level.blur);
  for (double& value : liquid.values)
    if (value < level.threshold) value = 0.0;

  const Plane<double> amount = level.is_mud ? mud(liquid, level.strength) : water(liquid);
  Image out(image.width, image.height);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) {
    const double before = image.pixels[i] / 255.0;
    const double share = amount.values[i / 3];
    out.pixels[i] = to_byte(level.is_mud ? before * (1.0 - share) + kMud[i % 3] * share
                                         : before + share * level.strength * kWater[i % 3]);
  }
  return out;
}

}  // namespace wootz
