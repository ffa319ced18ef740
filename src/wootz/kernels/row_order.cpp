#include "wootz/kernels/row_order.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace wootz::kernels {
namespace {

// Adds the four 16-bit parts; right while the sum has 16 bits.
constexpr std::uint64_t sum_of_parts(std::uint64_t cells) { return (cells * 0x0001'0001'0001'0001u) >> 48; }

}  // namespace

std::uint64_t RowOrder::cells(std::size_t slot) const {
  std::uint64_t result;
  std::memcpy(&result, &cells_[slot * 4], sizeof result);
  return result;
}

void RowOrder::count(const std::uint16_t* slots) {
  std::fill_n(cells_.begin(), 2 * buckets_ * 4, std::uint16_t{0});
  // The quarters go side by side, so that a run of ties does not wait for its own last increment.
  std::uint16_t* const cells = cells_.data();
  const std::uint16_t* const s0 = slots;
  const std::uint16_t* const s1 = slots + quarter_;
  const std::uint16_t* const s2 = slots + 2 * quarter_;
  const std::uint16_t* const s3 = slots + 3 * quarter_;
  for (std::size_t i = 0; i < quarter_; ++i) {
    ++cells[s0[i] * std::size_t{4}];
    ++cells[s1[i] * std::size_t{4} + 1];
    ++cells[s2[i] * std::size_t{4} + 2];
    ++cells[s3[i] * std::size_t{4} + 3];
  }
  for (std::size_t i = 4 * quarter_; i < n_; ++i) ++cells[slots[i] * std::size_t{4} + 3];

  std::uint64_t start = 0;
  for (std::size_t b = 0; b < buckets_; ++b) {
    starts_[b] = static_cast<std::uint32_t>(start);
    start += sum_of_parts(this->cells(2 * b) + this->cells(2 * b + 1));
  }
  std::fill_n(starts_.begin() + static_cast<std::ptrdiff_t>(buckets_), 64, static_cast<std::uint32_t>(start));
}

std::size_t RowOrder::drop_by_bucket(double* x, const std::uint32_t* bits, const std::uint16_t* slots,
                                     const std::int32_t* thresholds, std::int64_t width, std::uint32_t* list,
                                     std::size_t count) const {
  std::size_t open = 0;
  for (std::size_t j = 0; j < count; ++j) {
    const std::size_t i = list[j];
    const std::int32_t* const bounds = thresholds + slots[i] / 2u;
    const auto draw = static_cast<std::int64_t>(bits[i]) - (std::int64_t{1} << 31);
    // Without branches: the draws are random, and a wrong guess costs more than all of this.
    const std::uint64_t gone{draw > bounds[1] + width};
    const std::uint64_t not_certain{draw >= bounds[0]};
    x[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(x[i]) & (gone - 1u));
    list[open] = static_cast<std::uint32_t>(i);
    open += not_certain - gone;
  }
  return open;
}

RowOrder::Ranks RowOrder::ranks_in_quarter(std::uint32_t i, std::uint16_t slot) const {
  const std::size_t quarter = std::min<std::size_t>(i / quarter_, 3);
  const std::uint64_t counts = cells(slot);
  const std::uint64_t before = counts & ((std::uint64_t{1} << (16 * quarter)) - 1u);
  const std::uint32_t least = starts_[slot / 2u] + static_cast<std::uint32_t>(sum_of_parts(before));
  const auto here = static_cast<std::uint32_t>(counts >> (16 * quarter) & 0xffffu);
  return {least, least + here - 1, quarter * quarter_};
}

std::vector<std::uint64_t> sort_keys(const MagnitudeKey* keys, std::size_t n) {
  std::vector<std::uint64_t> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = std::uint64_t{keys[i]} << 32 | i;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace wootz::kernels
