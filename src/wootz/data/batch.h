// A network's input for several items, as plain arrays.
#pragma once

#include <cstdint>
#include <vector>

#include "wootz/data/dataset.h"

namespace wootz {

struct Batch {
  InputKind kind = InputKind::kImage;
  std::size_t size = 0;            ///< B, items
  std::vector<std::size_t> items;  ///< [B] positions in the order that was asked for
  std::vector<int> labels;         ///< [B]

  int height = 0;             ///< pixels
  int width = 0;              ///< pixels
  std::vector<float> pixels;  ///< [B, 3, height, width]

  std::size_t length = 0;             ///< T, tokens of the longest row
  std::vector<std::int64_t> tokens;   ///< [B, T], padded at the end
  std::vector<std::int64_t> lengths;  ///< [B] tokens that count
};

}  // namespace wootz
