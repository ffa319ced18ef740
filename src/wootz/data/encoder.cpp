#include "wootz/data/encoder.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/core/rng.h"

namespace wootz {
namespace {

// Moved by (right, down) pixels; what comes in repeats the edge.
Image shifted(const Image& image, int right, int down) {
  Image moved(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* from = image.row(std::clamp(y - down, 0, image.height - 1));
    std::uint8_t* to = moved.row(y);
    for (int x = 0; x < image.width; ++x)
      std::copy_n(from + 3 * std::clamp(x - right, 0, image.width - 1), 3, to + 3 * x);
  }
  return moved;
}

void mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* row = image.row(y);
    for (int left = 0, right = image.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
  }
}

void turn_upside_down(Image& image) {
  for (int top = 0, bottom = image.height - 1; top < bottom; ++top, --bottom)
    std::swap_ranges(image.row(top), image.row(top) + 3 * image.width, image.row(bottom));
}

class ImageEncoder : public Encoder {
 public:
  ImageEncoder(Preprocessing preprocessing, std::optional<Corruption> corruption, Augmentation augmentation)
      : preprocessing_(std::move(preprocessing)), corruption_(corruption), augmentation_(augmentation) {}

  InputKind kind() const override { return InputKind::kImage; }

  Result<> encode(const Dataset& data, std::size_t index, std::uint64_t draw, EncodedItem& out) const override {
    WOOTZ_TRY(Image image, data.image(index));
    if (corruption_) image = corrupt(image, *corruption_, draw);
    image = preprocessing_.geometry(image);
    augment(image, draw);
    out.height = image.height;
    out.width = image.width;
    out.pixels.resize(image.pixels.size());
    preprocessing_.normalize(image, out.pixels.data());
    return {};
  }

 private:
  void augment(Image& image, std::uint64_t draw) const {
    const RngKey key = rng_key(draw, "augmentation", 0);
    if (augmentation_.shift > 0) {
      const std::uint64_t choices = 2 * static_cast<std::uint64_t>(augmentation_.shift) + 1;
      const auto step = [&](std::uint64_t number) {
        return static_cast<int>(random_bits(key, number) * choices >> 32) - augmentation_.shift;
      };
      const int right = step(0);
      image = shifted(image, right, step(1));
    }
    if (augmentation_.flip && random_bits(key, 2) >> 31 != 0) mirror(image);
    if (augmentation_.flip_vertical && random_bits(key, 3) >> 31 != 0) turn_upside_down(image);
  }

  Preprocessing preprocessing_;
  std::optional<Corruption> corruption_;
  Augmentation augmentation_;
};

class TextEncoder : public Encoder {
 public:
  TextEncoder(std::shared_ptr<const Tokenizer> tokenizer, std::size_t max_tokens)
      : tokenizer_(std::move(tokenizer)), max_tokens_(max_tokens) {}

  InputKind kind() const override { return InputKind::kText; }
  std::int64_t pad_id() const override { return tokenizer_->pad_id(); }

  Result<> encode(const Dataset& data, std::size_t index, std::uint64_t, EncodedItem& out) const override {
    WOOTZ_TRY(const std::string text, data.text(index));
    const std::vector<TokenId> ids = tokenizer_->encode(text, max_tokens_);
    out.tokens.assign(ids.begin(), ids.end());
    return {};
  }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::size_t max_tokens_;
};

}  // namespace

std::unique_ptr<Encoder> make_image_encoder(Preprocessing preprocessing, std::optional<Corruption> corruption,
                                            Augmentation augmentation) {
  return std::make_unique<ImageEncoder>(std::move(preprocessing), corruption, augmentation);
}

std::unique_ptr<Encoder> make_text_encoder(std::shared_ptr<const Tokenizer> tokenizer, std::size_t max_tokens) {
  WOOTZ_CHECK(tokenizer != nullptr);
  return std::make_unique<TextEncoder>(std::move(tokenizer), max_tokens);
}

}  // namespace wootz
