// Makes frozen classifier heads from a model's features.
#pragma once

#include "wootz/data/loader.h"
#include "wootz/eval/evaluate.h"
#include "wootz/eval/zero_shot_words.h"
#include "wootz/nn/model.h"

namespace wootz {

struct HeadOptions {
  double logit_scale = 100.0;
  std::size_t batch_size = 64;
  std::size_t loader_threads = 1;
};

/// A row for each class: the mean of its prompts' unit features, to unit length. `model` is a text tower ("clip_text")
/// and `tokenizer` the one of its directory; image features of the same CLIP go with the head. `progress` counts
/// prompts and may be empty. Fails (kIncompatible) when the model takes images.
Result<Head> zero_shot_head(const Model& model, const Tokenizer& tokenizer, const ZeroShotWords& words,
                            const HeadOptions& options, const ItemProgress& progress);

/// How prototypes become rows. With p_c the mean of class c's unit features, m the mean of the p_c and u = m / |m|:
enum class PrototypeKind {
  kPlain,     ///< p_c / |p_c|
  kCentered,  ///< d_c = p_c - m without its part along u, to unit length
};

struct PrototypeOptions {
  PrototypeKind kind = PrototypeKind::kCentered;
  std::size_t per_class = 100;  ///< items used of each class, the first ones; 0: all
  double logit_scale = 25.0;
  std::size_t batch_size = 64;
  std::size_t loader_threads = 1;
  std::size_t skip_bad = 0;  ///< damaged items tolerated
};

/// A row for each class of labelled data. `encoder` is the model's (encoder_for). Fails (kIncompatible) when data and
/// model are of different kinds, (kInput) naming a class without items, or on damaged items, and (kFailed) when classes
/// cannot be told apart or features are not finite.
Result<Head> prototype_head(const Model& model, const Dataset& data, const Encoder& encoder,
                            const PrototypeOptions& options, const ItemProgress& progress);

/// exp(logit_scale) of a checkpoint that stores it, as a whole CLIP does; nothing when it does not.
Result<std::optional<double>> stored_logit_scale(FileSystem& files, const std::string& checkpoint);

}  // namespace wootz
