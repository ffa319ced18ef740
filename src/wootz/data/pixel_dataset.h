// Internal to data: images of one size that are stored as plain pixels, all of them in memory.
#pragma once

#include <string>
#include <vector>

#include "wootz/data/dataset.h"

namespace wootz {

enum class PixelLayout {
  kGrey,         ///< [height, width]
  kInterleaved,  ///< [height, width, 3]
  kPlanes        ///< [3, height, width]
};

/// The images of one file.
struct PixelFile {
  std::string path;
  std::string bytes;
  std::size_t begin = 0;   ///< of the first image's pixels
  std::size_t stride = 0;  ///< from an image to the next
  std::size_t count = 0;   ///< images
};

class PixelDataset : public Dataset {
 public:
  /// Fails (kInput) when a label has no class name, given that there are some.
  static Result<std::unique_ptr<Dataset>> make(std::vector<PixelFile> files, int width, int height, PixelLayout layout,
                                               std::vector<int> labels, std::vector<std::string> class_names);

  InputKind kind() const override { return InputKind::kImage; }
  std::size_t size() const override { return labels_.size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return labels_[index]; }
  Result<Image> image(std::size_t index) const override;
  Result<std::string> text(std::size_t index) const override;
  std::string place(std::size_t index) const override;

 private:
  PixelDataset() = default;

  struct Position {
    const PixelFile* file = nullptr;
    std::size_t index = 0;  ///< in it
  };
  Position find(std::size_t index) const;

  std::vector<PixelFile> files_;
  int width_ = 0;
  int height_ = 0;
  PixelLayout layout_ = PixelLayout::kGrey;
  std::vector<int> labels_;
  std::vector<std::string> class_names_;
};

}  // namespace wootz
