// An input is an encoded image. What decodes is preprocessed, too.
#include <cstddef>
#include <cstdint>

#include "wootz/core/check.h"
#include "wootz/data/preprocess.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = wootz::decode_image({reinterpret_cast<const std::byte*>(data), size}, "it");
  if (!image) {
    WOOTZ_CHECK(image.error().message.starts_with("it: "));
    return 0;
  }
  WOOTZ_CHECK(image->width > 0 && image->height > 0);
  const auto pixels = static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height);
  WOOTZ_CHECK(image->pixels.size() == 3 * pixels);
  const wootz::Image ready = wootz::Preprocessing::clip(16).geometry(*image);
  WOOTZ_CHECK(ready.width == 16 && ready.height == 16);
  return 0;
}
