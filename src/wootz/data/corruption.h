// The corruptions under which the papers measure robustness (after ImageNet-C; Hendrycks & Dietterich, 2019).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/data/image.h"

namespace wootz {

enum class CorruptionKind {
  kMotionBlur,
  kImpulseNoise,
  kGaussianNoise,
  kPixelate,
  kSpatter,
  kContrast,
  kJpegCompression
};

struct Corruption {
  CorruptionKind kind = CorruptionKind::kGaussianNoise;
  int severity = 5;  ///< 1 (mild) to 5
};

/// "motion_blur", "impulse_noise", ...
std::string_view corruption_name(CorruptionKind kind);
std::vector<std::string> corruption_names();
/// Fails (kUsage) with the nearest name.
Result<CorruptionKind> parse_corruption(std::string_view name);

/// The corrupted image, of the same size. Random draws depend on `draw` alone.
Image corrupt(const Image& image, const Corruption& corruption, std::uint64_t draw);

}  // namespace wootz
