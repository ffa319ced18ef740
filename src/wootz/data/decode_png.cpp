// PNG by libpng. Rows are read as they are stored, then reduced to RGB as Pillow reduces its modes, transparency over
// white.
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "wootz/data/decoders.h"

namespace wootz {
namespace {

// What libpng's callbacks can reach. Its errors jump to `on_error`; whatever needs a destructor is kept here, outside
// the functions that are jumped out of.
struct Source {
  Bytes rest;
  std::array<char, 200> message{};
};

struct Handles {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->message.data(), message, source->message.size() - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->rest.size()) png_error(png, "truncated");
  std::memcpy(out, source->rest.data(), size);
  source->rest = source->rest.subspan(size);
}

struct Layout {
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  int depth = 0;  ///< bits a sample
  int color = 0;  ///< PNG_COLOR_TYPE_*
  bool interlaced = false;
  std::size_t row_bytes = 0;

  bool has_alpha() const { return (color & PNG_COLOR_MASK_ALPHA) != 0; }
  bool has_colors() const { return color == PNG_COLOR_TYPE_RGB || color == PNG_COLOR_TYPE_RGB_ALPHA; }
};

// What a tRNS chunk says.
struct Transparency {
  std::vector<std::uint8_t> palette;                  ///< the alpha of the first colours of the palette
  std::optional<std::array<std::uint8_t, 3>> pixels;  ///< grey or RGB: pixels of this colour are transparent
};

// False when libpng failed; likewise below.
bool read_header(const Handles& handles, Layout& layout) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_set_user_limits(handles.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Of the chunks beside the image, nothing is used; a broken one must not matter.
  png_set_keep_unknown_chunks(handles.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(handles.png, handles.info);
  int interlacing = 0;
  png_get_IHDR(handles.png, handles.info, &layout.width, &layout.height, &layout.depth, &layout.color, &interlacing,
               nullptr, nullptr);
  layout.interlaced = interlacing != PNG_INTERLACE_NONE;
  return true;
}

bool read_transparency(const Handles& handles, const Layout& layout, Transparency& transparency) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_bytep alphas = nullptr;
  int count = 0;
  png_color_16p color = nullptr;
  if (layout.has_alpha() || png_get_tRNS(handles.png, handles.info, &alphas, &count, &color) != PNG_INFO_tRNS)
    return true;
  // Pillow compares the lowest byte of what the chunk says with a pixel reduced to 8 bits, whatever the depth.
  const auto low = [](png_uint_16 value) { return static_cast<std::uint8_t>(value & 0xff); };
  const std::uint8_t grey = layout.depth == 1 ? (color->gray != 0 ? 255 : 0) : low(color->gray);
  if (layout.color == PNG_COLOR_TYPE_PALETTE)
    transparency.palette.assign(alphas, alphas + count);
  else if (layout.has_colors())
    transparency.pixels = {low(color->red), low(color->green), low(color->blue)};
  else
    transparency.pixels = {grey, grey, grey};
  return true;
}

bool start_rows(const Handles& handles, Layout& layout) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_set_packing(handles.png);  // a byte a sample, values as stored
  // The high byte; but 16-bit grey without alpha is clipped instead.
  if (layout.depth == 16 && layout.color != PNG_COLOR_TYPE_GRAY) png_set_strip_16(handles.png);
  if (layout.interlaced) png_set_interlace_handling(handles.png);
  png_read_update_info(handles.png, handles.info);
  layout.row_bytes = png_get_rowbytes(handles.png, handles.info);
  return true;
}

bool read_all_rows(const Handles& handles, png_bytepp rows) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_read_image(handles.png, rows);
  png_read_end(handles.png, nullptr);
  return true;
}

bool read_row(const Handles& handles, png_bytep row) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_read_row(handles.png, row, nullptr);
  return true;
}

bool read_end(const Handles& handles) {
  if (setjmp(png_jmpbuf(handles.png)) != 0) return false;
  png_read_end(handles.png, nullptr);
  return true;
}

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

// Colours that the palette lacks are black.
Palette read_palette(const Handles& handles, const Layout& layout) {
  Palette palette{};
  png_colorp colors = nullptr;
  int count = 0;
  if (layout.color == PNG_COLOR_TYPE_PALETTE &&
      png_get_PLTE(handles.png, handles.info, &colors, &count) == PNG_INFO_PLTE)
    for (int i = 0; i < std::min(count, 256); ++i)
      palette[static_cast<std::size_t>(i)] = {colors[i].red, colors[i].green, colors[i].blue};
  if (layout.color == PNG_COLOR_TYPE_GRAY) {
    const unsigned top = (1u << std::min(layout.depth, 8)) - 1;
    for (unsigned i = 0; i <= top; ++i) palette[i].fill(static_cast<std::uint8_t>(i * 255 / top));
  }
  return palette;
}

// Puts what is transparent in it over white.
void compose_palette(const Transparency& transparency, Palette& palette) {
  for (std::size_t i = 0; i < std::min(palette.size(), transparency.palette.size()); ++i)
    for (std::uint8_t& value : palette[i]) value = over_white(value, transparency.palette[i]);
}

void alpha_row_to_rgb(const Layout& layout, const std::uint8_t* row, std::uint8_t* out) {
  const std::size_t channels = layout.has_colors() ? 4 : 2;
  for (std::size_t x = 0; x < layout.width; ++x, row += channels, out += 3)
    for (std::size_t c = 0; c < 3; ++c) out[c] = over_white(row[channels == 4 ? c : 0], row[channels - 1]);
}

struct Colors {
  Transparency transparency;
  Palette palette{};
};

void row_to_rgb(const Layout& layout, const Colors& colors, const std::uint8_t* row, std::uint8_t* out) {
  const std::size_t width = layout.width;
  if (layout.has_alpha()) return alpha_row_to_rgb(layout, row, out);
  if (layout.has_colors()) {
    std::memcpy(out, row, 3 * width);
  } else if (layout.color == PNG_COLOR_TYPE_GRAY && layout.depth == 16) {
    for (std::size_t x = 0; x < width; ++x) std::memset(out + 3 * x, row[2 * x] != 0 ? 255 : row[2 * x + 1], 3);
  } else {
    for (std::size_t x = 0; x < width; ++x) std::memcpy(out + 3 * x, colors.palette[row[x]].data(), 3);
  }
  if (const auto& transparent = colors.transparency.pixels)
    for (std::size_t x = 0; x < width; ++x)
      if (std::memcmp(out + 3 * x, transparent->data(), 3) == 0) std::memset(out + 3 * x, 255, 3);
}

// Deflate makes at most 1032 bytes of one: a small file that claims to be a large image is cut short, and not worth the
// memory.
bool is_too_short(const Layout& layout, std::size_t rest) {
  const auto row_bits = static_cast<std::uint64_t>(layout.width) * static_cast<std::uint64_t>(layout.depth);
  return (row_bits + 7) / 8 * layout.height / 1032 > rest;
}

bool decode_rows(const Handles& handles, const Layout& layout, const Colors& colors, Image& image) {
  if (!layout.interlaced) {
    std::vector<std::uint8_t> row(layout.row_bytes);
    for (int y = 0; y < image.height; ++y) {
      if (!read_row(handles, row.data())) return false;
      row_to_rgb(layout, colors, row.data(), image.row(y));
    }
    return read_end(handles);
  }
  std::vector<std::uint8_t> stored(layout.row_bytes * layout.height);
  std::vector<png_bytep> rows(layout.height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = stored.data() + y * layout.row_bytes;
  if (!read_all_rows(handles, rows.data())) return false;
  for (int y = 0; y < image.height; ++y) row_to_rgb(layout, colors, rows[static_cast<std::size_t>(y)], image.row(y));
  return true;
}

}  // namespace

Result<Image> decode_png(Bytes encoded) {
  Source source{encoded};
  Handles handles;
  handles.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, on_error, on_warning);
  handles.info = handles.png == nullptr ? nullptr : png_create_info_struct(handles.png);
  if (handles.info == nullptr) return fail(ErrorKind::kFailed, "not enough memory to decode a PNG");
  png_set_read_fn(handles.png, &source, read_bytes);

  const auto damaged = [&source] { return fail(ErrorKind::kInput, "damaged PNG: {}", source.message.data()); };
  Layout layout;
  if (!read_header(handles, layout)) return damaged();
  WOOTZ_RETURN_IF_ERROR(check_image_size(layout.width, layout.height));
  if (is_too_short(layout, encoded.size())) return fail(ErrorKind::kInput, "damaged PNG: truncated");
  Colors colors;
  if (!read_transparency(handles, layout, colors.transparency)) return damaged();
  if (!start_rows(handles, layout)) return damaged();
  colors.palette = read_palette(handles, layout);
  compose_palette(colors.transparency, colors.palette);
  Image image(static_cast<int>(layout.width), static_cast<int>(layout.height));
  if (!decode_rows(handles, layout, colors, image)) return damaged();
  return image;
}

}  // namespace wootz
