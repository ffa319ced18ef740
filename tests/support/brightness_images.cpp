#include "support/brightness_images.h"

#include "support/test_files.h"
#include "wootz/core/rng.h"

namespace wootz::testing {
namespace {

std::string big_endian(std::size_t value) {
  std::string bytes(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

}  // namespace

void write_brightness_images(const std::string& directory, const BrightnessImages& images) {
  const RngKey key = rng_key(images.seed, "images", 0);
  const std::size_t size = images.side * images.side;
  std::string pixels = std::string("\0\0\x08\x03", 4) + big_endian(images.items);
  pixels += big_endian(images.side) + big_endian(images.side);
  std::string labels = std::string("\0\0\x08\x01", 4) + big_endian(images.items);
  for (std::size_t i = 0; i < images.items; ++i) {
    labels += static_cast<char>(i % images.classes);
    for (std::size_t p = 0; p < size; ++p)
      pixels += static_cast<char>(80 * (i % images.classes) + random_bits(key, i * size + p) % 60);
  }
  write_file(directory + "/train-images-idx3-ubyte", pixels);
  write_file(directory + "/train-labels-idx1-ubyte", labels);
  write_file(directory + "/classes.txt", "dark\ngrey\nbright\n");
}

}  // namespace wootz::testing
