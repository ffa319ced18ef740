#include <cstdio>  // before jpeglib.h, which forgets it

#include <jpeglib.h>

#include <new>
#include <utility>

#include "wootz/core/check.h"
#include "wootz/data/image.h"

namespace wootz {
namespace {

struct Destination {
  jpeg_destination_mgr base{};
  std::vector<std::byte> bytes;

  void offer_from(std::size_t used) {
    base.next_output_byte = reinterpret_cast<JOCTET*>(bytes.data()) + used;
    base.free_in_buffer = bytes.size() - used;
  }
};

Destination& destination_of(j_compress_ptr jpeg) { return *static_cast<Destination*>(jpeg->client_data); }

void start_output(j_compress_ptr jpeg) { destination_of(jpeg).offer_from(0); }

// Called when all bytes on offer are used.
boolean enlarge(j_compress_ptr jpeg) {
  Destination& destination = destination_of(jpeg);
  const std::size_t used = destination.bytes.size();
  destination.bytes.resize(2 * used);
  destination.offer_from(used);
  return TRUE;
}

void end_output(j_compress_ptr jpeg) {
  Destination& destination = destination_of(jpeg);
  destination.bytes.resize(destination.bytes.size() - destination.base.free_in_buffer);
}

// With sizes and quality checked, libjpeg has no failure left but a lack of memory.
[[noreturn]] void on_error(j_common_ptr) { throw std::bad_alloc(); }

}  // namespace

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  WOOTZ_CHECK(quality >= 1 && quality <= 100);
  WOOTZ_CHECK(image.width > 0 && image.width <= kMaxJpegSide && image.height > 0 && image.height <= kMaxJpegSide);
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  errors.error_exit = on_error;
  jpeg_create_compress(&jpeg);

  Destination destination;
  destination.bytes.resize(64 * 1024);
  destination.base.init_destination = start_output;
  destination.base.empty_output_buffer = enlarge;
  destination.base.term_destination = end_output;
  jpeg.dest = &destination.base;
  jpeg.client_data = &destination;

  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < image.height; ++y) {
    auto* row = const_cast<JSAMPROW>(image.row(y));  // libjpeg's interface predates const
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return std::move(destination.bytes);
}

}  // namespace wootz
