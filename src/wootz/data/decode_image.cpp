// Tells formats apart and hands over to their decoders.
#include <array>
#include <new>
#include <string_view>

#include "wootz/data/decoders.h"

namespace wootz {
namespace {

constexpr std::int64_t kMaxPixels = 178'956'970;  // where Pillow sees a decompression bomb

struct Signature {
  std::string_view bytes;
  std::size_t offset;
  std::string_view name;  ///< with its article
};

// What people have in folders of images besides what is read here.
constexpr std::array<Signature, 6> kUnsupported = {{{"GIF8", 0, "a GIF"},
                                                    {"WEBP", 8, "a WebP"},
                                                    {{"II*\0", 4}, 0, "a TIFF"},
                                                    {{"MM\0*", 4}, 0, "a TIFF"},
                                                    {"ftyp", 4, "an AVIF or HEIC"},
                                                    {{"\0\0\0\fjP  ", 8}, 0, "a JPEG 2000"}}};

Result<Image> decode(Bytes encoded) {
  const std::string_view text(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  if (text.empty()) return fail(ErrorKind::kInput, "the image is empty (0 bytes)");
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(encoded);
  if (text.starts_with("\xff\xd8\xff")) return decode_jpeg(encoded);
  if (text.starts_with("BM")) return decode_bmp(encoded);
  if (text.size() > 2 && text[0] == 'P' && text[1] >= '1' && text[1] <= '6') return decode_pnm(encoded);
  for (const Signature& known : kUnsupported)
    if (text.size() >= known.offset && text.substr(known.offset).starts_with(known.bytes))
      return fail(ErrorKind::kInput, "{} image; convert it to PNG or JPEG", known.name);
  return fail(ErrorKind::kInput, "not an image in a known format (PNG, JPEG, BMP, PBM, PGM, PPM)");
}

}  // namespace

Result<> check_image_size(std::int64_t width, std::int64_t height) {
  if (width <= 0 || height <= 0) return fail(ErrorKind::kInput, "damaged: its size is {} x {} pixels", width, height);
  if (width > kMaxPixels / height)
    return fail(ErrorKind::kInput, "too large: {} x {} pixels, where {} pixels are allowed", width, height, kMaxPixels);
  return {};
}

Result<Image> decode_image(std::span<const std::byte> encoded, const std::string& name) {
  try {
    Result<Image> image = decode(encoded);
    if (!image) return tl::unexpected(std::move(image).error().within(name));
    return image;
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kFailed, "{}: not enough memory to decode the image", name);
  }
}

}  // namespace wootz
