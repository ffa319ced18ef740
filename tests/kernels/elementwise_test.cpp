#include <gtest/gtest.h>

#include "kernels/inputs.h"

namespace wootz::kernels {
namespace {

using testing::bits_of;
using testing::Inputs;
using testing::Kind;
using testing::pointers;

const std::vector<double> kWeights{0.7, -0.3, 1.0, 0.5, 0.0, 2.0, 1e-3, -1.0, 0.25, 3.0};

TEST(Elementwise, AddSubtractScaleAgreeWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(4);
    for (const std::size_t n : testing::sizes()) {
      const std::vector<double> x = inputs.block(Kind::kSpecials, n + 1);
      const std::vector<double> y = inputs.block(Kind::kSpecials, n + 1);
      std::vector<double> actual = x, expected = x;
      const auto check = [&](const char* what) {
        ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " " << what << " " << n;
      };
      table.add(actual.data() + 1, y.data() + 1, n);
      reference::add(expected.data() + 1, y.data() + 1, n);
      check("add");
      table.scale(actual.data(), 0.3, n);
      reference::scale(expected.data(), 0.3, n);
      check("scale");
      table.subtract(actual.data(), y.data(), n);
      reference::subtract(expected.data(), y.data(), n);
      check("subtract");
    }
  }
}

TEST(Elementwise, WeightedSumAgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(5);
    for (std::size_t count = 0; count <= 9; ++count) {
      for (const std::size_t n : testing::Sizes{0, 1, 7, 31, 32, 33, 70, 2061}) {
        for (const Kind kind : testing::kKinds) {
          const auto lanes = inputs.lanes(kind, count, n);
          const std::vector<double> base = inputs.block(kind, n);
          const std::span weights(kWeights.data(), count);
          for (const double* from : {static_cast<const double*>(nullptr), base.data()}) {
            std::vector<double> actual(n, 1.0), expected(n, 2.0);
            table.weighted_sum(from, 0.4, pointers(lanes), weights, actual.data(), n);
            reference::weighted_sum(from, 0.4, pointers(lanes), weights, expected.data(), n);
            ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " lanes " << count << " n " << n;
          }
        }
      }
    }
  }
}

TEST(Elementwise, WeightedSumWritesOverItsInputs) {
  for (const KernelTable& table : supported_tables()) {
    Inputs inputs(6);
    auto lanes = inputs.lanes(Kind::kDistinct, 3, 100);
    std::vector<double> base = inputs.block(Kind::kDistinct, 100);
    std::vector<double> expected(100);
    const std::span weights(kWeights.data(), 3);
    reference::weighted_sum(base.data(), 1.0, pointers(std::as_const(lanes)), weights, expected.data(), 100);
    auto over_base = base;
    table.weighted_sum(over_base.data(), 1.0, pointers(std::as_const(lanes)), weights, over_base.data(), 100);
    EXPECT_EQ(over_base, expected) << table.isa;
    table.weighted_sum(base.data(), 1.0, pointers(std::as_const(lanes)), weights, lanes[1].data(), 100);
    EXPECT_EQ(lanes[1], expected) << table.isa;
  }
}

TEST(Elementwise, WeightedSumOfOneLaneOfWeightOneIsTheLane) {
  const std::vector<std::vector<double>> lanes{{-0.0, 0.0, 1.5, -2.5, 1e300}};
  const std::vector<double> one{1.0};
  for (const KernelTable& table : supported_tables()) {
    std::vector<double> out(5);
    table.weighted_sum(nullptr, 1.0, pointers(lanes), one, out.data(), 5);
    EXPECT_EQ(bits_of(out), bits_of(lanes[0])) << table.isa;
  }
}

TEST(Elementwise, VarianceAgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(7);
    for (std::size_t count = 1; count <= 5; ++count) {
      for (const std::size_t n : testing::sizes()) {
        const auto lanes = inputs.lanes(Kind::kSpecials, count, n);
        std::vector<double> actual(n), expected(n);
        table.variance(pointers(lanes), actual.data(), n);
        reference::variance(pointers(lanes), expected.data(), n);
        ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " lanes " << count << " n " << n;
      }
    }
  }
}

TEST(Elementwise, VarianceIsThePopulationsOwn) {
  const std::vector<std::vector<double>> lanes{{1.0, 5.0}, {2.0, 5.0}, {3.0, 5.0}, {6.0, 5.0}};
  std::vector<double> out(2);
  variance(pointers(lanes), out.data(), 2);
  EXPECT_EQ(out, (std::vector<double>{3.5, 0.0}));
}

}  // namespace
}  // namespace wootz::kernels
