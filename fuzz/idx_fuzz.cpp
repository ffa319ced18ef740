// An input is a line with the number of bytes of the images' file, then that file, then the labels': "16\n...". Files
// that begin as gzip does are named so.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "memory_files.h"
#include "wootz/core/check.h"
#include "wootz/data/dataset.h"

namespace {

std::string named(std::string name, std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b") ? name + ".gz" : name;
}

void check_items(const wootz::Dataset& dataset) {
  WOOTZ_CHECK(dataset.size() > 0);
  const std::size_t step = dataset.size() / 8 + 1;
  for (std::size_t i = 0; i < dataset.size(); i += step) {
    WOOTZ_CHECK(dataset.label(i) >= 0 && dataset.label(i) < 256 && !dataset.place(i).empty());
    WOOTZ_CHECK(dataset.image(i).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == input.npos) return 0;
  std::size_t count = 0;
  std::from_chars(input.data(), input.data() + line, count);
  const std::string_view files = input.substr(line + 1);
  const std::string_view images = files.substr(0, std::min(count, files.size()));
  const std::string_view labels = files.substr(images.size());
  const char* const dimensions = images.size() > 3 && images[3] == 4 ? "4" : "3";

  wootz::MemoryFiles memory(
      {{named(std::string("data/test-images-idx") + dimensions + "-ubyte", images), std::string(images)},
       {named("data/test-labels-idx1-ubyte", labels), std::string(labels)}});
  const auto dataset = wootz::open_dataset(memory, {"idx", "data", "test", {}, {}});
  if (dataset) {
    check_items(**dataset);
  } else {
    WOOTZ_CHECK(!dataset.error().message.empty());
  }
  return 0;
}
