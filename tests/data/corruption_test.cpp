#include "wootz/data/corruption.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "data_testing.h"
#include "support/matchers.h"

namespace wootz {
namespace {

Image grey(int width, int height, std::uint8_t value) {
  Image image(width, height);
  image.pixels.assign(image.pixels.size(), value);
  return image;
}

// Smooth colours with edges.
Image picture(int width, int height, int shift = 0) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(0.11 * (x + shift) * (c + 1)) * std::cos(0.07 * y + c);
        const bool is_light = ((x + shift) / 9 + (y + 2 * shift) / 7) % 2 == 0;
        image.row(y)[3 * x + c] = static_cast<std::uint8_t>(110 + 80 * (wave + (is_light ? 0.3 : 0)));
      }
  return image;
}

double mean_change(const Image& a, const Image& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

// FNV-1a.
std::uint64_t hash(const Image& image) {
  std::uint64_t sum = 14695981039346656037u;
  for (const std::uint8_t pixel : image.pixels) sum = (sum ^ pixel) * 1099511628211u;
  return sum;
}

TEST(CorruptionTest, NamesAreParsed) {
  EXPECT_EQ(corruption_names().size(), 7u);
  for (const std::string& name : corruption_names()) EXPECT_EQ(corruption_name(parse_corruption(name).value()), name);
  const auto unknown = parse_corruption("motionblur");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(unknown.error().message, "unknown corruption 'motionblur' (did you mean 'motion_blur'?)");
}

class EachCorruption : public ::testing::TestWithParam<std::string> {
 protected:
  CorruptionKind kind() const { return parse_corruption(GetParam()).value(); }
};

TEST_P(EachCorruption, KeepsTheSizeAndRepeatsItself) {
  for (const auto& [width, height] : {std::pair(40, 25), {1, 1}, {2, 1}, {1, 37}, {3, 3}})
    for (int severity = 1; severity <= 5; ++severity) {
      const Image image = picture(width, height);
      const Image once = corrupt(image, {kind(), severity}, 5);
      EXPECT_EQ(once.width, width);
      EXPECT_EQ(once.height, height);
      EXPECT_EQ(once.pixels, corrupt(image, {kind(), severity}, 5).pixels);
    }
}

TEST_P(EachCorruption, ChangesMoreWithSeverity) {
  std::vector<double> changes;
  for (int severity = 1; severity <= 5; ++severity) {
    double sum = 0.0;
    for (int draw = 0; draw < 63; ++draw) {
      const Image image = picture(32, 32, draw);
      sum += mean_change(image, corrupt(image, {kind(), severity}, static_cast<std::uint64_t>(draw)));
    }
    changes.push_back(sum / 63);
  }
  EXPECT_GT(changes.front(), 0.0);
  for (std::size_t i = 1; i < changes.size(); ++i) {
    // By the benchmark's constants: mud follows water, and the fourth motion blur only has a longer tail.
    if (i == 3 && GetParam() == "spatter") continue;
    if (i == 3 && GetParam() == "motion_blur") {
      EXPECT_NEAR(changes[i], changes[i - 1], 0.01);
      continue;
    }
    EXPECT_GT(changes[i], changes[i - 1]) << "severity " << i + 1;
  }
}

TEST_P(EachCorruption, IsTheSameEverywhere) {
  const std::map<std::string, std::uint64_t> expected = {
      {"motion_blur", 5913946222999687134u},     {"impulse_noise", 11746033623627868284u},
      {"gaussian_noise", 11319034245606449343u}, {"pixelate", 9711115311355722908u},
      {"spatter", 10161308019898481801u},        {"contrast", 12035969085401360124u},
      {"jpeg_compression", 6170459127763731142u}};
  const Image corrupted = corrupt(picture(48, 40), {kind(), 3}, 11);
  ASSERT_TRUE(expected.contains(GetParam()));
  EXPECT_EQ(hash(corrupted), expected.at(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(, EachCorruption, ::testing::ValuesIn(corruption_names()),
                         [](const auto& instance) { return instance.param; });

TEST(CorruptionTest, RandomOnesDependOnTheDraw) {
  const Image image = picture(30, 20);
  for (const std::string name : {"motion_blur", "impulse_noise", "gaussian_noise", "spatter"}) {
    const Corruption corruption = {parse_corruption(name).value(), 5};
    EXPECT_NE(corrupt(image, corruption, 1).pixels, corrupt(image, corruption, 2).pixels) << name;
  }
}

TEST(CorruptionTest, GaussianNoiseHasItsDeviation) {
  constexpr std::array<double, 5> kDeviations = {0.04, 0.06, 0.08, 0.09, 0.10};
  const Image image = grey(300, 300, 128);
  for (int severity = 1; severity <= 5; ++severity) {
    const Image noisy = corrupt(image, {CorruptionKind::kGaussianNoise, severity}, 3);
    double sum = 0.0;
    double squares = 0.0;
    for (const std::uint8_t pixel : noisy.pixels) {
      const double change = pixel + 0.5 - 128;  // pixels are rounded down
      sum += change;
      squares += change * change;
    }
    const auto count = static_cast<double>(noisy.pixels.size());
    const double deviation = 255 * kDeviations[static_cast<std::size_t>(severity - 1)];
    EXPECT_NEAR(sum / count, 0.0, 4 * deviation / std::sqrt(count));
    EXPECT_NEAR(std::sqrt(squares / count), deviation, 0.01 * deviation);
  }
}

TEST(CorruptionTest, ImpulseNoiseHitsItsShare) {
  constexpr std::array<double, 5> kShares = {0.01, 0.02, 0.03, 0.05, 0.07};
  const Image image = grey(300, 300, 128);
  for (int severity = 1; severity <= 5; ++severity) {
    const Image noisy = corrupt(image, {CorruptionKind::kImpulseNoise, severity}, 3);
    std::array<double, 256> counts{};
    for (const std::uint8_t pixel : noisy.pixels) ++counts[pixel];
    const auto count = static_cast<double>(noisy.pixels.size());
    const double share = kShares[static_cast<std::size_t>(severity - 1)];
    const double tolerance = 4 * std::sqrt(share / 2 / count);
    EXPECT_NEAR(counts[0] / count, share / 2, tolerance);
    EXPECT_NEAR(counts[255] / count, share / 2, tolerance);
    EXPECT_EQ(counts[0] + counts[128] + counts[255], count);
  }
}

TEST(CorruptionTest, ContrastScalesTheDeviationFromTheMean) {
  Image image(2, 1);
  image.pixels = {0, 100, 255, 200, 100, 55};
  const Image flat = corrupt(image, {CorruptionKind::kContrast, 2}, 0);
  EXPECT_THAT(flat.pixels, testing::ElementsAre(50, 100, 205, 150, 100, 105));
}

TEST(CorruptionTest, MotionBlurSmearsAPointOverALine) {
  Image image(41, 41);
  image.row(20)[3 * 20] = 255;
  const Image blurred = corrupt(image, {CorruptionKind::kMotionBlur, 5}, 1);
  int lit = 0;
  for (int y = 0; y < 41; ++y)
    for (int x = 0; x < 41; ++x)
      if (blurred.row(y)[3 * x] > 0) {
        ++lit;
        EXPECT_LE(x, 20);
        EXPECT_LE(std::abs(y - 20), 20 - x) << "steeper than 45 degrees";
      }
  EXPECT_GE(lit, 5);
}

TEST(CorruptionTest, MudIsBrownAndWaterIsLight) {
  const Image black = grey(64, 64, 0);
  const Image water = corrupt(black, {CorruptionKind::kSpatter, 3}, 2);
  const Image mud = corrupt(black, {CorruptionKind::kSpatter, 5}, 2);
  EXPECT_NEAR(*std::max_element(mud.pixels.begin(), mud.pixels.end()), 63, 1);
  EXPECT_NEAR(*std::max_element(water.pixels.begin(), water.pixels.end()), 238 / 2, 1);
}

TEST(CorruptionTest, ImagesTooLongForJpegAreCodedInParts) {
  Image image(70000, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i / 3 / 300);
  const Image coded = corrupt(image, {CorruptionKind::kJpegCompression, 5}, 0);
  EXPECT_EQ(coded.width, 70000);
  EXPECT_LT(mean_change(image, coded), 3.0);
}

}  // namespace
}  // namespace wootz
