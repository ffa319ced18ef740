#include "wootz/data/pixel_dataset.h"

#include <algorithm>

#include "wootz/core/check.h"

namespace wootz {

Result<std::unique_ptr<Dataset>> PixelDataset::make(std::vector<PixelFile> files, int width, int height,
                                                    PixelLayout layout, std::vector<int> labels,
                                                    std::vector<std::string> class_names) {
  std::unique_ptr<PixelDataset> dataset(new PixelDataset);
  dataset->files_ = std::move(files);
  dataset->width_ = width;
  dataset->height_ = height;
  dataset->layout_ = layout;
  dataset->labels_ = std::move(labels);
  dataset->class_names_ = std::move(class_names);
  WOOTZ_RETURN_IF_ERROR(check_labels(*dataset));
  return dataset;
}

PixelDataset::Position PixelDataset::find(std::size_t index) const {
  for (const PixelFile& file : files_) {
    if (index < file.count) return {&file, index};
    index -= file.count;
  }
  WOOTZ_CHECK(false);
}

Result<Image> PixelDataset::image(std::size_t index) const {
  const auto [file, position] = find(index);
  const auto* pixels =
      reinterpret_cast<const std::uint8_t*>(file->bytes.data()) + file->begin + position * file->stride;
  Image image(width_, height_);
  const std::size_t count = image.pixels.size() / 3;
  switch (layout_) {
    case PixelLayout::kInterleaved:
      std::copy_n(pixels, 3 * count, image.pixels.begin());
      break;
    case PixelLayout::kGrey:
      for (std::size_t i = 0; i < 3 * count; ++i) image.pixels[i] = pixels[i / 3];
      break;
    case PixelLayout::kPlanes:
      for (std::size_t i = 0; i < 3 * count; ++i) image.pixels[i] = pixels[i % 3 * count + i / 3];
      break;
  }
  return image;
}

Result<std::string> PixelDataset::text(std::size_t) const { WOOTZ_CHECK(false); }

std::string PixelDataset::place(std::size_t index) const {
  const auto [file, position] = find(index);
  return fmt::format("{}, image {}", file->path, position);
}

}  // namespace wootz
