// Files of tests/data/files, and small data sets.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "support/test_files.h"
#include "wootz/data/dataset.h"

namespace wootz::testing {

inline std::string data_file(const std::string& name) { return std::string(WOOTZ_DATA_FILES) + "/" + name; }

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// What a peer made of something: see make_goldens.py.
struct Golden {
  std::string name;
  int width = 0;
  int height = 0;
  std::string values;
};

inline std::vector<Golden> read_goldens(const std::string& name, std::size_t bytes_of_a_value) {
  std::istringstream in(read_file(data_file(name)));
  std::vector<Golden> goldens;
  for (Golden golden; in >> golden.name >> golden.width >> golden.height;) {
    in.ignore(1);
    golden.values.resize(3 * bytes_of_a_value * static_cast<std::size_t>(golden.width * golden.height));
    in.read(golden.values.data(), static_cast<std::streamsize>(golden.values.size()));
    goldens.push_back(golden);
  }
  EXPECT_FALSE(goldens.empty()) << name;
  return goldens;
}

inline Image decoded_file(const std::string& name) {
  const std::string encoded = read_file(data_file(name));
  return decode_image(bytes_of(encoded), name).value();
}

inline void expect_equal(const Image& image, const Golden& golden) {
  ASSERT_EQ(image.width, golden.width) << golden.name;
  ASSERT_EQ(image.height, golden.height) << golden.name;
  const std::string_view pixels(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
  EXPECT_TRUE(pixels == golden.values) << golden.name << ", " << golden.width << " x " << golden.height;
}

/// The message of opening a data set, which must fail.
inline std::string opening_error(const DataSpec& spec) {
  const auto opened = open_dataset(posix_file_system(), spec);
  EXPECT_FALSE(opened);
  return opened ? "" : opened.error().message;
}

inline std::unique_ptr<Dataset> open_or_throw(const DataSpec& spec) {
  auto opened = open_dataset(posix_file_system(), spec);
  if (!opened) throw std::runtime_error(opened.error().message);
  return *std::move(opened);
}

}  // namespace wootz::testing
