#include <gtest/gtest.h>

#include "kernels/inputs.h"

namespace wootz::kernels {
namespace {

using testing::bits_of;
using testing::Inputs;
using testing::Kind;
using testing::pointers;

TEST(Sums, AbsoluteAgreesWithTheTwinOverConsecutiveCalls) {
  for (const KernelTable& table : testing::simd_tables()) {
    for (const Kind kind : testing::kKinds) {
      Inputs inputs(11);
      Sum actual, expected;
      for (const std::size_t n : testing::sizes()) {
        const std::vector<double> x = inputs.block(kind, n);
        table.add_absolute(x.data(), n, actual);
        reference::add_absolute(x.data(), n, expected);
        ASSERT_EQ(bits_of(actual.lanes), bits_of(expected.lanes)) << table.isa << " " << n;
      }
    }
  }
}

TEST(Sums, GramAgreesWithTheTwinOverConsecutiveCalls) {
  for (const KernelTable& table : testing::simd_tables()) {
    for (std::size_t count = 1; count <= 9; ++count) {
      Inputs inputs(12);
      std::vector<Sum> actual(count * (count + 1) / 2), expected = actual;
      for (const std::size_t n : testing::Sizes{0, 3, 8, 17, 70, 256, 263, 2061}) {
        const auto lanes = inputs.lanes(n == 70 ? Kind::kTies : Kind::kDistinct, count, n);
        ASSERT_EQ(table.add_gram(pointers(lanes), n, actual), reference::add_gram(pointers(lanes), n, expected));
        for (std::size_t e = 0; e < actual.size(); ++e)
          ASSERT_EQ(bits_of(actual[e].lanes), bits_of(expected[e].lanes)) << table.isa << " lanes " << count;
      }
    }
  }
}

TEST(Sums, GramIsTheTriangleRowsFirst) {
  const std::vector<std::vector<double>> lanes{{1.0, 2.0}, {3.0, 4.0}, {5.0, -6.0}};
  std::vector<Sum> gram(6);
  add_gram(pointers(lanes), 2, gram);
  const std::vector<double> expected{5.0, 11.0, -7.0, 25.0, -9.0, 61.0};
  for (std::size_t e = 0; e < 6; ++e) EXPECT_EQ(gram[e].total(), expected[e]);
}

TEST(Sums, SignConflictsAgreeWithTheTwinAlsoOnSpecialValues) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(14);
    for (std::size_t count = 1; count <= 9; ++count)
      for (const std::size_t n : testing::sizes()) {
        const auto lanes = inputs.lanes(n % 2 == 0 ? Kind::kSpecials : Kind::kTies, count, n);
        std::vector<Sum> gram(count * (count + 1) / 2), unused = gram;
        ASSERT_EQ(table.add_gram(pointers(lanes), n, gram), reference::add_gram(pointers(lanes), n, unused));
      }
  }
}

TEST(Sums, SignConflictsOfKnownLanes) {
  const std::vector<double> a{1.0, -1.0, 0.0, -2.0, 1.0}, b{-1.0, -1.0, 0.0, 1.0, 0.0}, zero(5, 0.0);
  for (std::size_t more = 0; more <= 4; ++more) {
    std::vector<std::vector<double>> lanes{a, b};
    lanes.resize(2 + more, zero);
    std::vector<Sum> gram(lanes.size() * (lanes.size() + 1) / 2);
    EXPECT_EQ(add_gram(pointers(lanes), 5, gram), 2u) << lanes.size() << " lanes";
  }
}

TEST(Counts, AgreeWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(13);
    for (const std::size_t n : testing::sizes()) {
      const std::vector<double> x = inputs.block(Kind::kSpecials, n);
      ASSERT_EQ(table.count_nonfinite(x.data(), n), reference::count_nonfinite(x.data(), n)) << table.isa << " " << n;
      ASSERT_EQ(table.count_nonzero(x.data(), n), reference::count_nonzero(x.data(), n)) << table.isa << " " << n;
    }
  }
}

TEST(Counts, KnownCounts) {
  const std::vector<double> x{0.0, -0.0, 1.0, std::nan(""), HUGE_VAL, -HUGE_VAL, 5e-324, -2.0, 1e308};
  EXPECT_EQ(count_nonfinite(x.data(), x.size()), 3u);
  EXPECT_EQ(count_nonzero(x.data(), x.size()), 7u);
}

}  // namespace
}  // namespace wootz::kernels
