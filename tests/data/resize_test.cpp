#include "wootz/data/resize.h"

#include <gtest/gtest.h>

#include "data_testing.h"

namespace wootz {
namespace {

TEST(ResizeTest, IsPillows) {
  const Image source = testing::decoded_file("half_subsampling.jpg");
  for (const testing::Golden& golden : testing::read_goldens("resized.bin", 1))
    expect_equal(resize(source, golden.width, golden.height, static_cast<Resampling>(std::stoi(golden.name))), golden);
}

TEST(ResizeTest, TheSameSizeIsACopy) {
  const Image source = testing::decoded_file("half_subsampling.jpg");
  for (int resampling = 0; resampling < 6; ++resampling)
    EXPECT_EQ(resize(source, source.width, source.height, static_cast<Resampling>(resampling)).pixels, source.pixels);
}

// All filters, shrinking and enlarging, in both orders of the two passes.
TEST(ResizeTest, AWindowIsThatPartOfTheWhole) {
  const Image source = testing::decoded_file("half_subsampling.jpg");  // 21 x 34
  for (int resampling = 0; resampling < 6; ++resampling)
    for (const auto& [width, height] : {std::pair(10, 16), {40, 60}, {21, 50}, {9, 34}, {30, 12}, {21, 34}}) {
      const Image whole = resize(source, width, height, static_cast<Resampling>(resampling));
      const Window window = {2, 5, width - 3, height - 8};
      const Image part = resize_window(source, width, height, static_cast<Resampling>(resampling), window);
      ASSERT_EQ(part.width, window.width);
      ASSERT_EQ(part.height, window.height);
      for (int y = 0; y < part.height; ++y)
        for (int i = 0; i < 3 * part.width; ++i)
          ASSERT_EQ(part.row(y)[i], whole.row(y + 5)[i + 6]) << resampling << ": " << width << " x " << height;
    }
}

TEST(ResizeTest, AWindowOfAGiantTakesItsOwnMemoryOnly) {
  Image line(200000, 1);
  line.pixels.assign(line.pixels.size(), 77);
  const Image part = resize_window(line, 44800000, 224, Resampling::kBicubic, {22399888, 0, 224, 224});
  EXPECT_EQ(part.pixels, std::vector<std::uint8_t>(3 * 224 * 224, 77));
}

}  // namespace
}  // namespace wootz
