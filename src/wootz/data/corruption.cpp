#include "wootz/data/corruption.h"

#include <array>

#include "wootz/core/check.h"
#include "wootz/core/nearest.h"
#include "wootz/data/corruption_parts.h"

namespace wootz {
namespace {

struct Name {
  CorruptionKind kind;
  std::string_view name;
};

constexpr std::array<Name, 7> kNames = {{{CorruptionKind::kMotionBlur, "motion_blur"},
                                         {CorruptionKind::kImpulseNoise, "impulse_noise"},
                                         {CorruptionKind::kGaussianNoise, "gaussian_noise"},
                                         {CorruptionKind::kPixelate, "pixelate"},
                                         {CorruptionKind::kSpatter, "spatter"},
                                         {CorruptionKind::kContrast, "contrast"},
                                         {CorruptionKind::kJpegCompression, "jpeg_compression"}}};

}  // namespace

std::string_view corruption_name(CorruptionKind kind) {
  for (const Name& known : kNames)
    if (known.kind == kind) return known.name;
  WOOTZ_CHECK(false);
}

std::vector<std::string> corruption_names() {
  std::vector<std::string> names;
  for (const Name& known : kNames) names.emplace_back(known.name);
  return names;
}

Result<CorruptionKind> parse_corruption(std::string_view name) {
  for (const Name& known : kNames)
    if (known.name == name) return known.kind;
  return fail(ErrorKind::kUsage, "unknown corruption '{}'{}", name, suggestion(name, corruption_names()));
}

Image corrupt(const Image& image, const Corruption& corruption, std::uint64_t draw) {
  WOOTZ_CHECK(corruption.severity >= 1 && corruption.severity <= 5);
  WOOTZ_CHECK(image.width > 0 && image.height > 0);
  switch (corruption.kind) {
    case CorruptionKind::kMotionBlur:
      return blur_motion(image, corruption.severity, draw);
    case CorruptionKind::kImpulseNoise:
      return add_impulse_noise(image, corruption.severity, draw);
    case CorruptionKind::kGaussianNoise:
      return add_gaussian_noise(image, corruption.severity, draw);
    case CorruptionKind::kPixelate:
      return pixelate(image, corruption.severity);
    case CorruptionKind::kSpatter:
      return spatter(image, corruption.severity, draw);
    case CorruptionKind::kContrast:
      return reduce_contrast(image, corruption.severity);
    case CorruptionKind::kJpegCompression:
      return compress_jpeg(image, corruption.severity);
  }
  WOOTZ_CHECK(false);
}

}  // namespace wootz
