// The loops of routed linear maps against their formulas in double, on every instruction set this machine has.
#include "wootz/kernels/routed.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/every_target.h"

namespace wootz::kernels {
namespace {

struct Case {
  RoutedTile tile;
  std::size_t samples;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{{2, 1, 1}, 1},   {{1, 5, 16}, 2},  {{4, 7, 17}, 5},
                                        {{9, 50, 40}, 6}, {{9, 33, 64}, 3}, {{21, 30, 24}, 4}};
  return all;
}

// Experts of a tile in rows of a matrix wider than the tile.
struct Experts {
  RoutedTile tile;
  bool steps_are_rows;
  std::size_t width;
  std::vector<std::vector<float>> values;

  Experts(const RoutedTile& given, bool rows)
      : tile(given), steps_are_rows(rows), width((rows ? given.columns : given.steps) + 3) {
    for (std::size_t e = 0; e < tile.experts; ++e)
      values.push_back(random_values((rows ? tile.steps : tile.columns) * width, static_cast<unsigned>(e)));
  }
  float at(std::size_t e, std::size_t step, std::size_t column) const {
    return values[e][steps_are_rows ? step * width + column : column * width + step];
  }
  // In two parts, as a caller may.
  std::vector<float> packed() const {
    std::vector<float> result(tile.size() * tile.experts, -7.0F);
    const std::size_t step_stride = steps_are_rows ? width : 1, column_stride = steps_are_rows ? 1 : width;
    const std::size_t half = tile.steps / 2;
    std::vector<const float*> corners;
    for (const auto& expert : values) corners.push_back(expert.data());
    pack_tile(tile, corners.data(), step_stride, column_stride, 0, half, result.data());
    for (const float*& corner : corners) corner += half * step_stride;
    pack_tile(tile, corners.data(), step_stride, column_stride, half, tile.steps - half, result.data());
    return result;
  }
};

std::size_t place(const RoutedTile& tile, std::size_t step, std::size_t column) {
  return (column / kPanel * tile.steps + step) * kPanel + column % kPanel;
}

TEST(RoutedKernels, TilesArePackedInPanels) {
  on_every_target([] {
    for (const Case& c : cases()) {
      for (const bool rows : {true, false}) {
        const Experts experts(c.tile, rows);
        const std::vector<float> packed = experts.packed();
        for (std::size_t e = 0; e < c.tile.experts; ++e)
          for (std::size_t step = 0; step < c.tile.steps; ++step)
            for (std::size_t n = 0; n < c.tile.panels() * kPanel; ++n) {
              const std::size_t panel_row = n / kPanel * c.tile.steps + step;
              const float found = packed[(panel_row * c.tile.experts + e) * kPanel + n % kPanel];
              ASSERT_EQ(found, n < c.tile.columns ? experts.at(e, step, n) : 0.0F) << e << " " << step << " " << n;
            }
      }
    }
  });
}

TEST(RoutedKernels, MergedTilesFollowTheFormula) {
  on_every_target([] {
    for (const Case& c : cases()) {
      const Experts experts(c.tile, true);
      const std::vector<float> packed = experts.packed();
      const std::size_t stride = c.samples + 2;
      std::vector<float> coefficients = random_values(c.tile.experts * stride, 50);
      // The last sample's are zeros, which must give the base itself.
      for (std::size_t k = 0; k + 1 < c.tile.experts; ++k) coefficients[k * stride + c.samples - 1] = 0.0F;
      std::vector<float> merged(c.samples * c.tile.stride(), -7.0F);
      merge_tile(c.tile, packed.data(), c.tile.steps * c.tile.experts * kPanel, coefficients.data(), stride, c.samples,
                 merged.data());
      for (std::size_t s = 0; s < c.samples; ++s)
        for (std::size_t step = 0; step < c.tile.steps; ++step)
          for (std::size_t n = 0; n < c.tile.columns; ++n) {
            double expected = experts.at(0, step, n);
            for (std::size_t k = 1; k < c.tile.experts; ++k)
              expected += double{coefficients[(k - 1) * stride + s]} * experts.at(k, step, n);
            const float found = merged[s * c.tile.stride() + place(c.tile, step, n)];
            ASSERT_NEAR(found, expected, 4e-6) << s << " " << step << " " << n;
            if (s + 1 == c.samples) {
              ASSERT_EQ(found, experts.at(0, step, n));
            }
          }
    }
  });
}

TEST(RoutedKernels, InnerProductsFollowTheFormula) {
  on_every_target([] {
    for (const Case& c : cases()) {
      const Experts experts(c.tile, false);
      const std::vector<float> packed = experts.packed();
      const std::vector<float> gradients = random_values(c.samples * c.tile.stride(), 60);
      const std::size_t lanes = c.tile.experts - 1;
      std::vector<double> products(c.samples * lanes, 0.5);
      tile_inner_products(c.tile, packed.data(), gradients.data(), c.samples, products.data());
      for (std::size_t s = 0; s < c.samples; ++s)
        for (std::size_t k = 0; k < lanes; ++k) {
          double expected = 0.5;
          for (std::size_t step = 0; step < c.tile.steps; ++step)
            for (std::size_t n = 0; n < c.tile.columns; ++n)
              expected += double{gradients[s * c.tile.stride() + place(c.tile, step, n)]} * experts.at(k + 1, step, n);
          ASSERT_NEAR(products[s * lanes + k], expected, 1e-4) << s << " " << k;
        }
    }
  });
}

TEST(RoutedKernels, ProductsFollowTheFormula) {
  on_every_target([] {
    for (const std::size_t rows : std::vector<std::size_t>{1, 2, 5, 6, 7, 13, 25, 50})
      for (const bool transposed : {false, true}) {
        constexpr std::size_t kSteps = 19, kPanels = 3;
        const std::vector<float> left = random_values((rows + 2) * (kSteps + 2), 70);
        const std::vector<float> right = random_values(kPanels * kSteps * kPanel, 71);
        PanelProduct product;
        product.rows = rows;
        product.steps = kSteps;
        product.panels = kPanels;
        product.left = left.data();
        product.left_row = transposed ? 1 : kSteps + 2;
        product.left_step = transposed ? rows + 2 : 1;
        product.right = right.data();
        product.out_row = kPanel;
        product.out_panel = (rows + 1) * kPanel;
        std::vector<float> out(kPanels * product.out_panel, -7.0F);
        product.out = out.data();
        for (const double before : {0.0, 1.0}) {  // then the same is added
          product.add = before > 0;
          product.next_left = product.add ? rows : 0;
          multiply(product);
          for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t n = 0; n < kPanels * kPanel; ++n) {
              double expected = 0;
              for (std::size_t s = 0; s < kSteps; ++s)
                expected += double{left[r * product.left_row + s * product.left_step]} *
                            right[(n / kPanel * kSteps + s) * kPanel + n % kPanel];
              const float found = out[n / kPanel * product.out_panel + r * kPanel + n % kPanel];
              ASSERT_NEAR(found, (1 + before) * expected, 1e-5) << r << " " << n;
            }
        }
        ASSERT_EQ(out[rows * kPanel], -7.0F) << "wrote beyond the rows";
      }
  });
}

}  // namespace
}  // namespace wootz::kernels
