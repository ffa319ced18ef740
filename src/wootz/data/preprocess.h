// From an image to a network's input, as Hugging Face's CLIPImageProcessor on Pillow does it.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "wootz/data/image.h"
#include "wootz/data/resize.h"
#include "wootz/io/file.h"

namespace wootz {

/// The steps of a preprocessor_config.json, in the order they are carried out.
struct Preprocessing {
  struct Size {
    int height = 0;
    int width = 0;
  };
  std::optional<int> shortest_edge;  ///< resize so that the shorter side has this many pixels
  std::optional<Size> resize_to;     ///< resize to this size, whatever the proportions
  Resampling resampling = Resampling::kBicubic;
  std::optional<Size> center_crop;  ///< cut out the middle; what lies outside the image is black
  double rescale = 1.0 / 255.0;     ///< factor to pixel values
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};        ///< subtracted after rescaling
  std::array<double, 3> deviation = {0.26862954, 0.26130258, 0.27577711};  ///< divided by after that

  /// CLIP's own for square inputs of this many pixels.
  static Preprocessing clip(int size);

  /// The size of the result for an image of any size; none when it depends on the image.
  std::optional<Size> output_size() const;

  /// Resizes and crops, still as bytes. An image that has the right size already is copied.
  Image geometry(const Image& image) const;
  /// Writes [3, height, width] floats: (pixel * rescale - mean) / deviation.
  void normalize(const Image& image, float* out) const;
};

/// Reads preprocessor_config.json (or processor_config.json) of a model's directory; without one, CLIP's own for
/// `image_size`. Fails (kInput) naming the file and key when it asks for something else than the above.
Result<Preprocessing> load_preprocessing(FileSystem& files, const std::string& directory, int image_size);

}  // namespace wootz
