// Turns items of a data set into a network's input.
#pragma once

#include <memory>
#include <optional>

#include "wootz/data/batch.h"
#include "wootz/data/corruption.h"
#include "wootz/data/preprocess.h"
#include "wootz/text/tokenizer.h"

namespace wootz {

/// Changes an image at random while training. Draws depend on the draw alone.
struct Augmentation {
  int shift = 0;               ///< most pixels of a shift to each side, of the preprocessed image; edges are repeated
  bool flip = false;           ///< mirror left and right, every other time
  bool flip_vertical = false;  ///< mirror up and down, every other time
};

/// One item, encoded.
struct EncodedItem {
  int height = 0;
  int width = 0;
  std::vector<float> pixels;         ///< [3, height, width]
  std::vector<std::int64_t> tokens;  ///< of a text
};

/// Immutable; thread-safe.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual InputKind kind() const = 0;
  /// `draw` numbers the use of the item: whatever is random depends on it alone. Reuses the buffers of `out`.
  virtual Result<> encode(const Dataset& data, std::size_t index, std::uint64_t draw, EncodedItem& out) const = 0;
  /// Pads texts.
  virtual std::int64_t pad_id() const { return 0; }
};

/// Decode, corrupt, resize and crop, augment, normalize.
std::unique_ptr<Encoder> make_image_encoder(Preprocessing preprocessing, std::optional<Corruption> corruption = {},
                                            Augmentation augmentation = {});
/// Tokenize; at most `max_tokens` a text, special tokens included.
std::unique_ptr<Encoder> make_text_encoder(std::shared_ptr<const Tokenizer> tokenizer, std::size_t max_tokens);

}  // namespace wootz
