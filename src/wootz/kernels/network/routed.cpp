#include "wootz/kernels/routed.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/network/routed.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/cache_control.h"
//
#include "wootz/core/check.h"
#include "wootz/kernels/network/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace {

// A row of a panel in vectors, which are never longer.
using PanelFloats = hn::CappedTag<float, kPanel>;
using PanelVector = hn::Vec<PanelFloats>;
constexpr std::size_t kWidth = hn::MaxLanes(PanelFloats());
constexpr std::size_t kVectors = kPanel / kWidth;

// Rows (or samples) whose sums are held in registers at a time: about twelve vectors of them, which hides the latency
// of a multiply-add and leaves room for the operands. With 4 lanes a panel's row is 4 vectors; SSE has 16 in all.
constexpr std::size_t kBlock = kVectors == 1 ? 12 : (kVectors == 2 || HWY_ARCH_ARM_A64) ? 6 : 2;

HWY_INLINE PanelVector load_part(const float* x) { return hn::LoadU(PanelFloats(), x); }

// Calls body(i) for i = 0 .. kCount-1, each a constant: loops over arrays of vectors are seldom unrolled soon enough
// for the arrays to become registers.
template <std::size_t kCount, typename Body>
HWY_INLINE void unroll(const Body& body) {
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    (body(std::integral_constant<std::size_t, kIndex>()), ...);
  }
  (std::make_index_sequence<kCount>());
}

// Calls body.run<count>(first) over n items in blocks of at most kMost that differ by one at most: a short last block
// would leave the multipliers waiting.
template <std::size_t kMost, typename Body>
HWY_INLINE void for_blocks(std::size_t n, const Body& body) {
  const std::size_t blocks = (n + kMost - 1) / kMost;
  if (blocks == 0) return;
  const std::size_t less = n / blocks, longer = n % blocks;
  std::size_t first = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t count = less + (block < longer ? 1 : 0);
    const auto run = [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (void)((count == kIndex + 1 ? (body.template run<kIndex + 1>(first), true) : false) || ...);
    };
    run(std::make_index_sequence<kMost>());
    first += count;
  }
}

// ---- packing

constexpr std::size_t kLineFloats = 16;

// 4 x 4 elements at a time: to[i * to_stride + j] = from[j * from_stride + i].
HWY_INLINE void transpose_4x4(const float* from, std::size_t from_stride, float* to, std::size_t to_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) to[i * to_stride + j] = from[j * from_stride + i];
#else
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> wide;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_stride);
  const auto c = hn::LoadU(d, from + 2 * from_stride), e = hn::LoadU(d, from + 3 * from_stride);
  const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
  const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
  const auto ce_low = hn::BitCast(wide, hn::InterleaveLower(d, c, e));
  const auto ce_high = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ce_low)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ce_low)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ce_high)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ce_high)), d, to + 3 * to_stride);
#endif
}

// Some steps of one expert; `to` is the first of them in the first panel.
struct PackOne {
  const RoutedTile& tile;
  std::size_t step_stride, column_stride, steps;
  const float* from;
  float* to;

  float* row(std::size_t panel, std::size_t step) const {
    return to + (panel * tile.steps + step) * tile.experts * kPanel;
  }

  // Columns are contiguous: the steps one by one, for whole stretches of memory at a time.
  void copy(std::size_t whole) const {
    for (std::size_t step = 0; step < steps; ++step)
      for (std::size_t panel = 0; panel < whole; ++panel)
        for (std::size_t v = 0; v < kPanel; v += kWidth)
          hn::StoreU(load_part(from + step * step_stride + panel * kPanel + v), PanelFloats(), row(panel, step) + v);
  }

  // Steps are contiguous: cache line by cache line of four columns.
  void transpose(std::size_t panel) const {
    const std::size_t whole = steps / 4 * 4;
    const float* first = from + panel * kPanel * column_stride;
    for (std::size_t line = 0; line < whole; line += kLineFloats)
      for (std::size_t n = 0; n < kPanel; n += 4)
        for (std::size_t step = line; step < std::min(whole, line + kLineFloats); step += 4)
          transpose_4x4(first + n * column_stride + step, column_stride, row(panel, step) + n, tile.experts * kPanel);
    gather(panel, whole, kPanel);
  }

  // Element by element from a step on, with zeros behind the last column.
  void gather(std::size_t panel, std::size_t first_step, std::size_t columns) const {
    for (std::size_t step = first_step; step < steps; ++step)
      for (std::size_t n = 0; n < kPanel; ++n)
        row(panel, step)[n] = n < columns ? from[step * step_stride + (panel * kPanel + n) * column_stride] : 0.0F;
  }

  void run() const {
    const std::size_t whole = tile.columns / kPanel;
    if (column_stride == 1)
      copy(whole);
    else
      for (std::size_t panel = 0; panel < whole; ++panel) transpose(panel);
    if (whole < tile.panels()) gather(whole, 0, tile.columns - whole * kPanel);
  }
};

void pack(const RoutedTile& tile, const float* const* experts, std::size_t step_stride, std::size_t column_stride,
          std::size_t first, std::size_t steps, float* packed) {
  WOOTZ_CHECK(step_stride == 1 || column_stride == 1);
  WOOTZ_CHECK(first + steps <= tile.steps);
  float* to = packed + first * tile.experts * kPanel;
  for (std::size_t e = 0; e < tile.experts; ++e)
    PackOne{tile, step_stride, column_stride, steps, experts[e], to + e * kPanel}.run();
}

// ---- merging

struct Merge {
  std::size_t experts, rows, stride;
  const float* packed;
  const float* coefficients;
  std::size_t coefficient_stride;
  float* merged;

  template <std::size_t kSamples>
  HWY_NOINLINE void run(std::size_t first) const {
    const PanelFloats d;
    const float* expert = packed;
    float* out = merged + first * stride;
    const std::size_t all = experts, step = coefficient_stride, apart = stride;
    for (const float* end = packed + rows * all * kPanel; expert != end; out += kPanel) {
      PanelVector sums[kSamples][kVectors];
      unroll<kVectors>([&](auto v) {
        const PanelVector base = load_part(expert + v * kWidth);
        unroll<kSamples>([&](auto s) { sums[s][v] = base; });
      });
      expert += kPanel;
      const float* c = coefficients + first;
      for (std::size_t k = 1; k < all; ++k, expert += kPanel, c += step) {
        PanelVector tau[kVectors];
        unroll<kVectors>([&](auto v) { tau[v] = load_part(expert + v * kWidth); });
        unroll<kSamples>([&](auto s) {
          const PanelVector weight = hn::Set(d, c[s]);
          unroll<kVectors>([&](auto v) { sums[s][v] = hn::MulAdd(weight, tau[v], sums[s][v]); });
        });
      }
      unroll<kSamples>(
          [&](auto s) { unroll<kVectors>([&](auto v) { hn::StoreU(sums[s][v], d, out + s * apart + v * kWidth); }); });
    }
  }
};

// Floats of the experts that stay in the first cache while they are merged for all samples.
constexpr std::size_t kFloatsOfMerge = 4096;

void merge(const RoutedTile& tile, const float* packed, std::size_t packed_panel, const float* coefficients,
           std::size_t coefficient_stride, std::size_t samples, float* merged) {
  const std::size_t row = tile.experts * kPanel, most = std::max<std::size_t>(1, kFloatsOfMerge / row);
  for (std::size_t panel = 0; panel < tile.panels(); ++panel)
    for (std::size_t step = 0; step < tile.steps; step += most)
      for_blocks<kBlock>(samples, Merge{tile.experts, std::min(most, tile.steps - step), tile.stride(),
                                        packed + panel * packed_panel + step * row, coefficients, coefficient_stride,
                                        merged + (panel * tile.steps + step) * kPanel});
}

// ---- inner products with the experts

// Samples and experts whose sums are held in registers at a time, and all of a call; rows of a panel for which that is
// gone through while they are in the first cache.
constexpr std::size_t kSamplesOfProducts = 3;
constexpr std::size_t kExpertsOfProducts = 4;
constexpr std::size_t kAllSamples = kInnerProductsAtOnce;
constexpr std::size_t kAllExperts = 8;
constexpr std::size_t kRowsOfProducts = 24;

// Sums over some rows of some samples and experts, in memory between one chunk of rows and the next.
struct Products {
  std::size_t rows, stride, experts;
  const float* packed;     // the first expert's first row
  const float* gradients;  // of the first sample, the first row
  PanelVector (*sums)[kAllExperts];

  template <std::size_t kSamples, std::size_t kExperts>
  HWY_NOINLINE void run(std::size_t first_sample, std::size_t first_expert) const {
    PanelVector totals[kSamples][kExperts];
    unroll<kSamples * kExperts>([&](auto i) {
      totals[i / kExperts][i % kExperts] = sums[first_sample + i / kExperts][first_expert + i % kExperts];
    });
    const float* tau = packed + first_expert * kPanel;
    const float* gradient = gradients + first_sample * stride;
    const std::size_t apart = stride, step = experts * kPanel;
    for (const float* end = gradient + rows * kPanel; gradient != end; tau += step, gradient += kPanel) {
      unroll<kVectors>([&](auto v) {
        PanelVector g[kSamples];
        unroll<kSamples>([&](auto s) { g[s] = load_part(gradient + s * apart + v * kWidth); });
        unroll<kExperts>([&](auto k) {
          const PanelVector t = load_part(tau + k * kPanel + v * kWidth);
          unroll<kSamples>([&](auto s) { totals[s][k] = hn::MulAdd(g[s], t, totals[s][k]); });
        });
      });
    }
    unroll<kSamples * kExperts>([&](auto i) {
      sums[first_sample + i / kExperts][first_expert + i % kExperts] = totals[i / kExperts][i % kExperts];
    });
  }
};

template <std::size_t kSamples>
struct ProductsOfExperts {
  const Products& products;
  std::size_t first_sample;
  template <std::size_t kExperts>
  void run(std::size_t first) const {
    products.run<kSamples, kExperts>(first_sample, first);
  }
};

struct ProductsOfSamples {
  const Products& products;
  std::size_t experts;
  template <std::size_t kSamples>
  void run(std::size_t first) const {
    for_blocks<kExpertsOfProducts>(experts, ProductsOfExperts<kSamples>{products, first});
  }
};

void inner_products(const RoutedTile& tile, const float* packed, const float* gradients, std::size_t samples,
                    double* products) {
  const PanelFloats d;
  WOOTZ_CHECK(samples <= kAllSamples);
  const std::size_t rows = tile.panels() * tile.steps, lanes = tile.experts - 1;
  for (std::size_t first = 0; first < lanes; first += kAllExperts) {
    const std::size_t experts = std::min(kAllExperts, lanes - first);
    PanelVector sums[kAllSamples][kAllExperts];
    for (auto& line : sums)
      for (PanelVector& sum : line) sum = hn::Zero(d);
    for (std::size_t row = 0; row < rows; row += kRowsOfProducts) {
      const Products chunk{std::min(kRowsOfProducts, rows - row),
                           tile.stride(),
                           tile.experts,
                           packed + (row * tile.experts + 1 + first) * kPanel,
                           gradients + row * kPanel,
                           sums};
      for_blocks<kSamplesOfProducts>(samples, ProductsOfSamples{chunk, experts});
    }
    for (std::size_t s = 0; s < samples; ++s)
      for (std::size_t k = 0; k < experts; ++k)
        products[s * lanes + first + k] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sums[s][k])));
  }
}

// ---- the product

HWY_INLINE void prefetch(const float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLineFloats) hwy::Prefetch(x + i);
}

struct Panel {
  const PanelProduct& product;
  const float* right;
  float* out;
  std::size_t panel;
  std::size_t left_share;  // of a row, that each panel brings near

  // A panel's share of the next left rows, and the next out rows.
  HWY_INLINE void prefetch_next(std::size_t first, std::size_t rows) const {
    if (product.next_out != 0) prefetch(out + first * product.out_row + product.next_out, rows * product.out_row);
    if (product.next_left == 0) return;
    prefetch(product.left + product.next_left + first * product.left_row + panel * rows * left_share,
             rows * left_share);
  }

  template <std::size_t kRows>
  HWY_NOINLINE void run(std::size_t first) const {
    const PanelFloats d;
    const std::size_t steps = product.steps, left_row = product.left_row, left_step = product.left_step;
    prefetch_next(first, kRows);
    PanelVector sums[kRows][kVectors];
    unroll<kRows * kVectors>([&](auto i) { sums[i / kVectors][i % kVectors] = hn::Zero(d); });
    const float* HWY_RESTRICT l = product.left + first * left_row;
    const float* HWY_RESTRICT r = right;
    for (std::size_t step = 0; step < steps; ++step, l += left_step, r += kPanel) {
      PanelVector line[kVectors];
      unroll<kVectors>([&](auto v) { line[v] = load_part(r + v * kWidth); });
      unroll<kRows>([&](auto i) {
        const PanelVector value = hn::Set(d, l[i * left_row]);
        unroll<kVectors>([&](auto v) { sums[i][v] = hn::MulAdd(value, line[v], sums[i][v]); });
      });
    }
    float* to = out + first * product.out_row;
    const std::size_t out_row = product.out_row;
    unroll<kRows * kVectors>([&](auto i) {
      float* at = to + i / kVectors * out_row + i % kVectors * kWidth;
      PanelVector sum = sums[i / kVectors][i % kVectors];
      if (product.add) sum = hn::Add(load_part(at), sum);
      hn::StoreU(sum, d, at);
    });
  }
};

void multiply_panels(const PanelProduct& product) {
  const std::size_t left_share = product.left_row / std::max<std::size_t>(1, product.panels);
  for (std::size_t panel = 0; panel < product.panels; ++panel)
    for_blocks<kBlock>(product.rows, Panel{product, product.right + panel * product.steps * kPanel,
                                           product.out + panel * product.out_panel, panel, left_share});
}

}  // namespace
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {

HWY_EXPORT(pack);
HWY_EXPORT(merge);
HWY_EXPORT(inner_products);
HWY_EXPORT(multiply_panels);

void pack_tile(const RoutedTile& tile, const float* const* experts, std::size_t step_stride, std::size_t column_stride,
               std::size_t first, std::size_t steps, float* packed) {
  HWY_DYNAMIC_DISPATCH(pack)(tile, experts, step_stride, column_stride, first, steps, packed);
}

void merge_tile(const RoutedTile& tile, const float* packed, std::size_t packed_panel, const float* coefficients,
                std::size_t coefficient_stride, std::size_t samples, float* merged) {
  HWY_DYNAMIC_DISPATCH(merge)(tile, packed, packed_panel, coefficients, coefficient_stride, samples, merged);
}

void tile_inner_products(const RoutedTile& tile, const float* packed, const float* gradients, std::size_t samples,
                         double* products) {
  HWY_DYNAMIC_DISPATCH(inner_products)(tile, packed, gradients, samples, products);
}

void multiply(const PanelProduct& product) { HWY_DYNAMIC_DISPATCH(multiply_panels)(product); }

}  // namespace wootz::kernels
#endif
