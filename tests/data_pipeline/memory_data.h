// Data sets and encoders in memory, with items that fail on demand.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include "wootz/data/encoder.h"

namespace wootz::testing {

/// Images of one colour: item i has the grey value i mod 256 and the label i mod 3.
class GreyImages : public Dataset {
 public:
  explicit GreyImages(std::size_t size, int side = 4) : size_(size), side_(side) {}

  std::set<std::size_t> damaged;
  std::set<std::size_t> larger;  ///< by one pixel to each side

  InputKind kind() const override { return InputKind::kImage; }
  std::size_t size() const override { return size_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t index) const override { return static_cast<int>(index % 3); }
  Result<Image> image(std::size_t index) const override {
    if (damaged.contains(index)) return fail(ErrorKind::kInput, "{}: damaged", place(index));
    const int side = larger.contains(index) ? side_ + 1 : side_;
    Image image(side, side);
    std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(index));
    return image;
  }
  Result<std::string> text(std::size_t) const override { return fail(ErrorKind::kFailed, "no texts"); }
  std::string place(std::size_t index) const override { return fmt::format("image {}", index); }

 private:
  std::size_t size_;
  int side_;
  std::vector<std::string> class_names_;
};

class Texts : public Dataset {
 public:
  explicit Texts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  InputKind kind() const override { return InputKind::kText; }
  std::size_t size() const override { return texts_.size(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int label(std::size_t) const override { return 0; }
  Result<Image> image(std::size_t) const override { return fail(ErrorKind::kFailed, "no images"); }
  Result<std::string> text(std::size_t index) const override { return texts_[index]; }
  std::string place(std::size_t index) const override { return fmt::format("text {}", index); }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string> class_names_;
};

/// A token a byte, between 1 and 2; pads with 9.
class ByteTokenizer : public Tokenizer {
 public:
  std::vector<TokenId> encode(std::string_view text, std::size_t max_length) const override {
    std::vector<TokenId> ids = {1};
    for (const char c : text.substr(0, max_length - 2)) ids.push_back(c);
    ids.push_back(2);
    return ids;
  }
  TokenId pad_id() const override { return 9; }
  std::size_t vocabulary_size() const override { return 256; }
};

/// One float an image: the grey value, and the draw. Items take uneven times, so that threads finish out of order.
class GreyEncoder : public Encoder {
 public:
  explicit GreyEncoder(bool uneven = false) : uneven_(uneven) {}
  InputKind kind() const override { return InputKind::kImage; }
  Result<> encode(const Dataset& data, std::size_t index, std::uint64_t draw, EncodedItem& out) const override {
    WOOTZ_TRY(const Image image, data.image(index));
    if (uneven_) std::this_thread::sleep_for(std::chrono::microseconds(index * 7919 % 5 * 100));
    out.width = out.height = image.width;
    out.pixels.assign(3 * static_cast<std::size_t>(image.width * image.height), 0.0f);
    out.pixels[0] = static_cast<float>(image.pixels[0]);
    out.pixels[1] = static_cast<float>(draw);
    return {};
  }

 private:
  bool uneven_;
};

}  // namespace wootz::testing
