// A frozen linear classifier on a network's features: a zero-shot head or class prototypes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/file.h"

namespace wootz {

/// logits = logit_scale * unit(features) weight^T + bias; docs/formats/heads.md describes the file.
struct Head {
  std::string path;              ///< where it came from, for messages
  std::size_t classes = 0;       ///< C
  std::size_t feature_size = 0;  ///< D
  std::vector<float> weight;     ///< [C, D]
  std::vector<float> bias;       ///< [C], or empty
  double logit_scale = 100.0;
  bool normalize = true;                        ///< features to unit length first
  std::map<std::string, std::string> metadata;  ///< of the file: logit_scale, normalize, class names, how it was made
};

/// Reads "weight" [C, D] and, if there, "bias" [C], in any floating dtype. Fails (kInput) naming file and tensor.
Result<Head> load_head(FileSystem& files, const std::string& path);

/// Writes it as F32, atomically.
Result<> save_head(FileSystem& files, const Head& head, const std::string& path);

}  // namespace wootz
