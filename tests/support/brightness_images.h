// Images that are told apart by their brightness, as an IDX data set.
#pragma once

#include <cstdint>
#include <string>

namespace wootz::testing {

struct BrightnessImages {
  std::size_t items = 0;
  std::size_t classes = 3;  ///< dark, grey, bright: item i is of class i % classes
  std::size_t side = 0;     ///< pixels
  std::uint64_t seed = 0;   ///< of the noise
};

/// Writes the split "train" and classes.txt into the directory. Requires: three classes.
void write_brightness_images(const std::string& directory, const BrightnessImages& images);

}  // namespace wootz::testing
