#include "wootz/data/image.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <set>

#include "data_testing.h"
#include "support/matchers.h"

namespace wootz {
namespace {

using testing::bytes_of;
using testing::data_file;
using testing::HasSubstr;
using testing::read_file;

std::string error_of(std::string_view encoded) {
  const auto image = decode_image(bytes_of(encoded), "it");
  EXPECT_FALSE(image);
  if (image) return "";
  EXPECT_EQ(image.error().kind, ErrorKind::kInput);
  return image.error().message;
}

TEST(ImageTest, DecodesAsPillow) {
  for (const testing::Golden& golden : testing::read_goldens("decoded.bin", 1))
    expect_equal(testing::decoded_file(golden.name), golden);
}

TEST(ImageTest, EncodesJpegAsPillow) {
  const Image source = testing::decoded_file("half_subsampling.jpg");
  for (const testing::Golden& golden : testing::read_goldens("encoded.bin", 1)) {
    const std::vector<std::byte> encoded = encode_jpeg(source, std::stoi(golden.name));
    expect_equal(decode_image(encoded, "encoded").value(), golden);
  }
}

TEST(ImageTest, EncodesMoreThanItsFirstBuffer) {
  Image noise(300, 300);
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : noise.pixels)
    pixel = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const std::vector<std::byte> encoded = encode_jpeg(noise, 100);
  EXPECT_GT(encoded.size(), 64u * 1024);
  EXPECT_EQ(decode_image(encoded, "encoded").value().pixels.size(), noise.pixels.size());
}

TEST(ImageTest, OtherFormatsAreNamed) {
  EXPECT_EQ(error_of(""), "it: the image is empty (0 bytes)");
  EXPECT_EQ(error_of("GIF89a......"), "it: a GIF image; convert it to PNG or JPEG");
  EXPECT_EQ(error_of("RIFF....WEBPVP8 "), "it: a WebP image; convert it to PNG or JPEG");
  EXPECT_THAT(error_of("hello"), HasSubstr("not an image in a known format"));
  EXPECT_THAT(error_of("P"), HasSubstr("not an image in a known format"));
}

// Bytes at the end of a file that are not needed for its pixels.
std::size_t slack(const std::filesystem::path& path) {
  const std::string ending = path.extension();
  if (path.filename().string().starts_with("plain")) return 5;  // a number that is cut is a number
  if (ending == ".jpg") return 4;                               // the end marker, and padding before it
  if (ending == ".bmp") return 3;                               // padding of the last row
  return ending == ".png" ? 0 : 1;
}

std::vector<std::filesystem::path> image_files() {
  const std::set<std::string> endings = {".png", ".jpg", ".bmp", ".ppm", ".pgm", ".pbm"};
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_DATA_FILES))
    if (endings.contains(entry.path().extension())) paths.push_back(entry.path());
  EXPECT_GT(paths.size(), 40u);
  return paths;
}

TEST(ImageTest, TruncatedFilesAreErrors) {
  for (const std::filesystem::path& path : image_files()) {
    const std::string encoded = read_file(path);
    for (std::size_t size = 0; size + slack(path) < encoded.size(); ++size) {
      // A buffer of its own, so that reading past it is noticed.
      const std::vector<char> cut(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(decode_image(bytes_of({cut.data(), cut.size()}), "cut")) << path << ", " << size << " bytes";
    }
  }
}

TEST(ImageTest, DamagedBytesNeverCrash) {
  for (const std::filesystem::path& path : image_files()) {
    const std::string encoded = read_file(path);
    for (std::size_t at = 0; at < encoded.size(); ++at)
      for (const int change : {0x01, 0x80, 0xff}) {
        std::string damaged = encoded;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        const auto image = decode_image(bytes_of(damaged), "damaged");
        if (image) {
          EXPECT_EQ(image->pixels.size(), Image(image->width, image->height).pixels.size());
        }
      }
  }
}

TEST(ImageTest, ADamagedPngIsAnError) {
  std::string encoded = read_file(data_file("rgb.png"));
  encoded[encoded.find("IDAT") + 20] ^= 1;
  EXPECT_THAT(error_of(encoded), HasSubstr("it: damaged PNG: "));
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string png_of_size(std::uint32_t width, std::uint32_t height) {
  std::string encoded = read_file(data_file("rgb.png"));
  const std::string header = "IHDR" + big_endian(width) + big_endian(height) + encoded.substr(24, 5);
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(header.data()), static_cast<uInt>(header.size()));
  return encoded.replace(12, 21, header + big_endian(static_cast<std::uint32_t>(sum)));
}

std::string jpeg_of_size(std::uint32_t width, std::uint32_t height) {
  std::string encoded = read_file(data_file("default.jpg"));
  const std::size_t frame = encoded.find("\xff\xc0");
  return encoded.replace(frame + 5, 4, big_endian(height << 16 | width));
}

TEST(ImageTest, HugeImagesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_EQ(error_of(png_of_size(20000, 20000)),
            "it: too large: 20000 x 20000 pixels, where 178956970 pixels are allowed");
  EXPECT_EQ(error_of(jpeg_of_size(60000, 60000)),
            "it: too large: 60000 x 60000 pixels, where 178956970 pixels are allowed");
  EXPECT_THAT(error_of("P6 4294967295 4294967295 255 x"), HasSubstr("too large"));
  std::string bmp = read_file(data_file("rgb.bmp"));
  EXPECT_THAT(error_of(bmp.replace(20, 2, "\xff\x7f")), HasSubstr("too large"));
  // As large as allowed, but with nothing like the bytes that it takes.
  EXPECT_EQ(error_of(png_of_size(13000, 13000)), "it: damaged PNG: truncated");
  EXPECT_EQ(error_of(jpeg_of_size(13000, 13000)), "it: damaged JPEG: truncated");
  EXPECT_EQ(error_of("P6 13000 13000 255 x"), "it: damaged PNM: truncated");
  EXPECT_EQ(error_of("P1 13000 13000 1"), "it: damaged PNM: truncated");
}

TEST(ImageTest, EmptyImagesAreErrors) {
  EXPECT_EQ(error_of("P5 0 7 255 "), "it: damaged: its size is 0 x 7 pixels");
  EXPECT_THAT(error_of(png_of_size(0, 5)), HasSubstr("damaged PNG"));
  EXPECT_THAT(error_of(jpeg_of_size(0, 5)), HasSubstr("damaged JPEG"));
}

TEST(ImageTest, WrongNumbersInPlainImagesAreErrors) {
  EXPECT_EQ(error_of("P2 2 1 9 1 10"), "it: damaged PNM: a value of 10, where the largest is 9");
  EXPECT_EQ(error_of("P2 2 1 9 1 -1"), "it: damaged PNM: '-1' instead of a number");
  EXPECT_EQ(error_of("P1 2 1 1 2"), "it: damaged PNM: a byte 0x32 instead of 0 or 1");
  EXPECT_EQ(error_of("P2 2 1 0 0 0"), "it: damaged PNM: a largest value of 0; 1 to 65535 are possible");
  EXPECT_EQ(error_of("P2#no space"), "it: damaged PNM: no space after 'P2'");
}

}  // namespace
}  // namespace wootz
