// How a tensor is cut into units of work and blocks. The cut depends on the tensor and on whether its stages want whole
// rows (Granularity::kRow; anything else is cut anywhere), never on threads or memory.
#pragma once

#include <cstdint>
#include <vector>

#include "wootz/methods/stage.h"

namespace wootz {

/// Doubles in a block, about: small enough that base, lanes and result stay in the first-level cache for a few models.
inline constexpr std::uint64_t kBlockSize = 512;

struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// What one unit (one piece) computes. Rows belong to the piece in which they start.
struct UnitCut {
  std::uint64_t piece = 0;
  std::uint64_t piece_first = 0;  ///< elements [piece_first, piece_end) are the piece
  std::uint64_t piece_end = 0;
  std::vector<BlockRange> blocks;  ///< in order, without gaps unless sampled; empty when no block starts in the piece

  std::uint64_t first() const { return blocks.front().first; }
  std::uint64_t end() const { return blocks.back().first + blocks.back().size; }
};

/// The cut of one piece of a tensor of `size` elements in rows of `row_size`.
UnitCut cut_piece(Granularity granularity, std::uint64_t size, std::uint64_t row_size, std::uint64_t piece);

/// The same, thinned to about `wanted` of every `total` elements, evenly spread: short runs within each piece where
/// elements are free (begun at multiples of 8), whole pieces where rows must stay together.
UnitCut sample_piece(Granularity granularity, std::uint64_t size, std::uint64_t row_size, std::uint64_t piece,
                     std::uint64_t wanted, std::uint64_t total);

/// The most elements a unit reads: a piece, and what its last row adds.
std::uint64_t largest_unit(Granularity granularity, std::uint64_t size, std::uint64_t row_size);

/// The most elements in one block.
std::uint64_t largest_block(Granularity granularity, std::uint64_t size, std::uint64_t row_size);

}  // namespace wootz
