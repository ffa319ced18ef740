// The inner loops of a linear map whose weight is merged for every sample (WEMoE, arXiv 2402.00433): y = x W^T with
// W = W_0 + sum_k c[k] T_k. They work on tiles of all experts (W_0, T_1 .. T_K) that stay in a core's cache: a tile is
// packed once for a batch, merged for some samples at a time, and multiplied at once. Like the network kernels they use
// fused multiply-add: results are equal for any number of threads, but only nearly equal from one instruction set to
// another. Each call is the work of one thread and allocates nothing.
#pragma once

#include <cstddef>

namespace wootz::kernels {

/// Columns of a tile lie in panels of so many, the last one filled up with zeros.
inline constexpr std::size_t kPanel = 16;

/// A part of every expert: `steps` of the dimension that a product sums over, `columns` of the other one.
/// Packed experts: [panel][step][expert][kPanel]. One weight or its gradient: [panel][step][kPanel].
struct RoutedTile {
  std::size_t experts = 0;  ///< K + 1, with W_0 first
  std::size_t steps = 0;
  std::size_t columns = 0;

  std::size_t panels() const { return (columns + kPanel - 1) / kPanel; }
  std::size_t size() const { return panels() * steps * kPanel; }  ///< of one weight; the packed experts: times experts

  /// From one weight to the next: a line more than its size, so that weights do not compete for the same cache lines.
  std::size_t stride() const { return size() + kPanel; }
};

/// Packs steps first .. first+steps-1 of a tile. Element (step first + s, column n) of expert e is at
/// experts[e][s * step_stride + n * column_stride]; one of the strides is 1.
void pack_tile(const RoutedTile& tile, const float* const* experts, std::size_t step_stride, std::size_t column_stride,
               std::size_t first, std::size_t steps, float* packed);

/// merged + s * tile.stride() = W_0 + sum_k coefficients[k * coefficient_stride + s] T_k, the sum in order of k. A
/// coefficient of 0 leaves no trace where T_k is finite. The packed panels are packed_panel apart.
void merge_tile(const RoutedTile& tile, const float* packed, std::size_t packed_panel, const float* coefficients,
                std::size_t coefficient_stride, std::size_t samples, float* merged);

/// products[s * (experts - 1) + k] += <gradients + s * tile.stride(), T_k>. Summed in float32 within the tile.
/// Requires: no more samples than kInnerProductsAtOnce.
inline constexpr std::size_t kInnerProductsAtOnce = 6;
void tile_inner_products(const RoutedTile& tile, const float* packed, const float* gradients, std::size_t samples,
                         double* products);

/// out[r, n] = or += sum_s left[r, s] right[s, n], the sum in order of s.
struct PanelProduct {
  std::size_t rows = 0;
  std::size_t steps = 0;
  std::size_t panels = 0;
  const float* left = nullptr;
  std::size_t left_row = 0;      ///< from one row to the next
  std::size_t left_step = 0;     ///< from one step to the next
  const float* right = nullptr;  ///< [panel][step][kPanel]
  float* out = nullptr;
  std::size_t out_row = 0;    ///< from one row to the next
  std::size_t out_panel = 0;  ///< from one panel to the next
  bool add = false;
  std::size_t next_left = 0;  ///< from `left` to what a like product will soon read, which is brought near; 0: nothing
  std::size_t next_out = 0;   ///< likewise
};
void multiply(const PanelProduct& product);

}  // namespace wootz::kernels
