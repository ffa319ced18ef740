// JPEG by libjpeg-turbo, with its defaults (accurate integer DCT, smooth upsampling), which are Pillow's.
#include <cstdio>  // before jpeglib.h, which forgets it

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "wootz/data/decoders.h"

namespace wootz {
namespace {

constexpr int kMaxScans = 200;         // of a progressive file; more only serve to keep a decoder busy
constexpr long kMaxMemory = 1L << 30;  // bytes, for the coefficients of a progressive file

// libjpeg's structures, and where its errors jump to. Nothing that is jumped over has a destructor.
struct Decoder {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf on_error{};
  std::array<char, JMSG_LENGTH_MAX> message{};

  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }
};

[[noreturn]] void give_up(Decoder& decoder, const char* message) {
  std::strncpy(decoder.message.data(), message, decoder.message.size() - 1);
  std::longjmp(decoder.on_error, 1);
}

Decoder& decoder_of(j_common_ptr jpeg) { return *static_cast<Decoder*>(jpeg->client_data); }

void on_error(j_common_ptr jpeg) {
  Decoder& decoder = decoder_of(jpeg);
  jpeg->err->format_message(jpeg, decoder.message.data());
  std::longjmp(decoder.on_error, 1);
}

// Pillow, too, takes what libjpeg only warns of.
void on_message(j_common_ptr, int) {}
void no_output(j_common_ptr) {}
void no_source_work(j_decompress_ptr) {}

boolean on_end_of_input(j_decompress_ptr jpeg) {
  give_up(decoder_of(reinterpret_cast<j_common_ptr>(jpeg)), "truncated");
}

void skip_input(j_decompress_ptr jpeg, long bytes) {
  if (bytes <= 0) return;
  const auto count = static_cast<std::size_t>(bytes);
  if (count > jpeg->src->bytes_in_buffer) give_up(decoder_of(reinterpret_cast<j_common_ptr>(jpeg)), "truncated");
  jpeg->src->next_input_byte += count;
  jpeg->src->bytes_in_buffer -= count;
}

void on_progress(j_common_ptr jpeg) {
  Decoder& decoder = decoder_of(jpeg);
  if (decoder.jpeg.input_scan_number > kMaxScans) give_up(decoder, "more scans than an image can need");
}

void set_up(Decoder& decoder, Bytes encoded) {
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.emit_message = on_message;
  decoder.errors.output_message = no_output;
  decoder.jpeg.client_data = &decoder;
  decoder.source.next_input_byte = reinterpret_cast<const JOCTET*>(encoded.data());
  decoder.source.bytes_in_buffer = encoded.size();
  decoder.source.init_source = no_source_work;
  decoder.source.fill_input_buffer = on_end_of_input;
  decoder.source.skip_input_data = skip_input;
  decoder.source.resync_to_restart = jpeg_resync_to_restart;
  decoder.source.term_source = no_source_work;
  decoder.progress.progress_monitor = on_progress;
}

// False when libjpeg failed; likewise below.
bool read_header(Decoder& decoder) {
  if (setjmp(decoder.on_error) != 0) return false;
  jpeg_create_decompress(&decoder.jpeg);
  decoder.jpeg.src = &decoder.source;
  decoder.jpeg.progress = &decoder.progress;
  decoder.jpeg.mem->max_memory_to_use = kMaxMemory;
  jpeg_read_header(&decoder.jpeg, TRUE);
  return true;
}

bool start(Decoder& decoder) {
  if (setjmp(decoder.on_error) != 0) return false;
  const int components = decoder.jpeg.num_components;
  decoder.jpeg.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_start_decompress(&decoder.jpeg);
  return true;
}

bool read_row(Decoder& decoder, JSAMPROW row) {
  if (setjmp(decoder.on_error) != 0) return false;
  return jpeg_read_scanlines(&decoder.jpeg, &row, 1) == 1;
}

std::uint8_t without_ink(unsigned ink, unsigned black) {
  const unsigned product = ink * black + 128;
  return static_cast<std::uint8_t>(black - ((product >> 8) + product) / 256);
}

// Stored CMYK is taken as inverted, as Adobe writes it: 255 is no ink.
void cmyk_to_rgb(const std::uint8_t* row, std::size_t width, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x, row += 4, out += 3)
    for (std::size_t c = 0; c < 3; ++c) out[c] = without_ink(255u - row[c], row[3]);
}

void grey_to_rgb(const std::uint8_t* row, std::size_t width, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) std::memset(out + 3 * x, row[x], 3);
}

bool read_rows(Decoder& decoder, Image& image) {
  const int components = decoder.jpeg.num_components;
  const auto width = static_cast<std::size_t>(image.width);
  std::vector<std::uint8_t> row(components == 3 ? 0 : width * static_cast<std::size_t>(components));
  for (int y = 0; y < image.height; ++y) {
    if (!read_row(decoder, components == 3 ? image.row(y) : row.data())) return false;
    if (components == 1) grey_to_rgb(row.data(), width, image.row(y));
    if (components == 4) cmyk_to_rgb(row.data(), width, image.row(y));
  }
  return true;
}

// Huffman coding spends a bit or more on each block of the component that has most; the sampling factors are at most 4.
bool is_too_short(const Decoder& decoder, std::size_t bytes) {
  const std::uint64_t pixels = std::uint64_t{decoder.jpeg.image_width} * decoder.jpeg.image_height;
  return decoder.jpeg.arith_code == FALSE && pixels / (64 * 16 * 8) > bytes;
}

}  // namespace

Result<Image> decode_jpeg(Bytes encoded) {
  Decoder decoder;
  set_up(decoder, encoded);
  const auto damaged = [&decoder] { return fail(ErrorKind::kInput, "damaged JPEG: {}", decoder.message.data()); };
  if (!read_header(decoder)) return damaged();
  const jpeg_decompress_struct& jpeg = decoder.jpeg;
  WOOTZ_RETURN_IF_ERROR(check_image_size(jpeg.image_width, jpeg.image_height));
  if (jpeg.num_components != 1 && jpeg.num_components != 3 && jpeg.num_components != 4)
    return fail(ErrorKind::kInput, "a JPEG of {} components; 1, 3 and 4 are read", jpeg.num_components);
  if (is_too_short(decoder, encoded.size())) return fail(ErrorKind::kInput, "damaged JPEG: truncated");
  if (!start(decoder)) return damaged();
  Image image(static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height));
  // The end marker is not waited for: an image that lacks only that is whole, as in Pillow.
  if (!read_rows(decoder, image)) return damaged();
  return image;
}

}  // namespace wootz
