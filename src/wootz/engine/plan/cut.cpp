#include "wootz/engine/plan/cut.h"

#include <algorithm>

#include "wootz/io/digest.h"

namespace wootz {
namespace {

// Short enough to see many places, long enough that a read of one is not all overhead.
constexpr std::uint64_t kSampleRun = 256;

// Runs begin at such multiples, so that stages may keep bits of elements in bytes.
constexpr std::uint64_t kAligned = 8;

void add_blocks(UnitCut& cut, std::uint64_t first, std::uint64_t end, std::uint64_t step) {
  for (std::uint64_t at = first; at < end; at += step) cut.blocks.push_back({at, std::min(step, end - at)});
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

std::uint64_t rows_in_block(std::uint64_t row_size) { return std::max<std::uint64_t>(1, kBlockSize / row_size); }

}  // namespace

UnitCut cut_piece(Granularity granularity, std::uint64_t size, std::uint64_t row_size, std::uint64_t piece) {
  UnitCut cut;
  cut.piece = piece;
  cut.piece_first = piece * kPieceSize;
  cut.piece_end = std::min(size, cut.piece_first + kPieceSize);
  if (cut.piece_first >= size) return cut;
  if (granularity == Granularity::kRow) {
    const std::uint64_t first = round_up(cut.piece_first, row_size);
    const std::uint64_t end = std::min(size, round_up(cut.piece_end, row_size));
    add_blocks(cut, first, end, rows_in_block(row_size) * row_size);
  } else {
    add_blocks(cut, cut.piece_first, cut.piece_end, kBlockSize);
  }
  return cut;
}

UnitCut sample_piece(Granularity granularity, std::uint64_t size, std::uint64_t row_size, std::uint64_t piece,
                     std::uint64_t wanted, std::uint64_t total) {
  UnitCut cut = cut_piece(granularity, size, row_size, piece);
  if (wanted >= total || cut.blocks.empty()) return cut;
  const std::uint64_t length = cut.piece_end - cut.piece_first;
  const double share = static_cast<double>(length) * (static_cast<double>(wanted) / static_cast<double>(total));
  // A piece cannot show less than a run (or, where rows must stay whole, less than all of it). Where its share is
  // smaller, only one piece in `stride` is shown; which one depends on the tensor, so that it is not always the first.
  const auto least = static_cast<double>(granularity == Granularity::kRow ? length : std::min(length, kSampleRun));
  const auto stride = static_cast<std::uint64_t>(std::max(1.0, least / std::max(share, 1e-9)));
  if ((piece + size * 2654435761u) % stride != 0) cut.blocks.clear();
  if (cut.blocks.empty() || granularity == Granularity::kRow) return cut;
  const std::uint64_t runs = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share) / kSampleRun);
  cut.blocks.clear();
  for (std::uint64_t run = 0; run < runs; ++run) {
    const std::uint64_t begin = cut.piece_first + length * run / runs / kAligned * kAligned;
    const std::uint64_t end =
        run + 1 == runs ? cut.piece_end : cut.piece_first + length * (run + 1) / runs / kAligned * kAligned;
    // The run's place within its stretch varies from piece to piece, so that a period in the data is not met in step.
    const std::uint64_t slack = end - begin > kSampleRun ? end - begin - kSampleRun : 0;
    const std::uint64_t shift = slack == 0 ? 0 : (piece * 40503 + run * 9176) % (slack + 1) / kAligned * kAligned;
    cut.blocks.push_back({begin + shift, std::min(kSampleRun, end - begin - shift)});
  }
  return cut;
}

std::uint64_t largest_unit(Granularity granularity, std::uint64_t size, std::uint64_t row_size) {
  return std::min(size, granularity == Granularity::kRow ? kPieceSize + row_size : kPieceSize);
}

std::uint64_t largest_block(Granularity granularity, std::uint64_t size, std::uint64_t row_size) {
  if (granularity != Granularity::kRow) return std::min(size, kBlockSize);
  return std::min(size, row_size == 0 ? size : rows_in_block(row_size) * row_size);
}

}  // namespace wootz
