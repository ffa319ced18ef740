#include <gtest/gtest.h>

#include "kernels/inputs.h"

namespace wootz::kernels {
namespace {

using testing::bits_of;
using testing::Inputs;
using testing::Kind;
using testing::pointers;

const std::vector<double> kWeights{0.7, -0.7, 1.0, 0.5, 0.0, 2.0, 1e-3, -1.0, 0.25};

void expect_twin(const KernelTable& table, const Consensus& options, std::size_t count, std::size_t n) {
  Inputs inputs(8 + count + n);
  for (const Kind kind : testing::kKinds) {
    const auto lanes = inputs.lanes(kind, count, n);
    const std::vector<double> base = inputs.block(kind, n);
    const std::span weights(kWeights.data(), count);
    for (const double* from : {static_cast<const double*>(nullptr), base.data()}) {
      std::vector<double> actual(n, 1.0), expected(n, 2.0);
      table.consensus(options, from, pointers(lanes), weights, actual.data(), n);
      reference::consensus(options, from, pointers(lanes), weights, expected.data(), n);
      ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " lanes " << count << " n " << n;
    }
  }
}

TEST(ConsensusKernel, AgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables())
    for (const Vote vote : {Vote::kWeighted, Vote::kPlain})
      for (const bool normalize : {false, true})
        for (const double floor : {0.0, 1e-8, 0.6})
          for (std::size_t count = 0; count <= 8; ++count)
            for (const std::size_t n : testing::Sizes{0, 5, 33, 70, 1031})
              expect_twin(table, {vote, normalize, floor, 0.5}, count, n);
}

std::vector<double> merge(const Consensus& options, const std::vector<std::vector<double>>& lanes,
                          const std::vector<double>& weights) {
  std::vector<double> out(lanes[0].size());
  consensus(options, nullptr, pointers(lanes), weights, out.data(), out.size());
  return out;
}

TEST(ConsensusKernel, MergesTheValuesOfTheElectedSign) {
  const std::vector<std::vector<double>> lanes{{3.0, 1.0, 2.0, 0.0}, {-1.0, -2.0, -2.0, 0.0}, {2.0, 0.0, 0.0, 0.0}};
  EXPECT_EQ(merge({Vote::kPlain, false, 0.0, 1.0}, lanes, {1.0, 1.0, 1.0}), (std::vector<double>{5.0, -2.0, 2.0, 0.0}));
  EXPECT_EQ(merge({Vote::kPlain, true, 0.0, 1.0}, lanes, {1.0, 1.0, 1.0}), (std::vector<double>{2.5, -2.0, 2.0, 0.0}));
  // The weights turn the third election.
  EXPECT_EQ(merge({Vote::kWeighted, true, 0.0, 2.0}, lanes, {1.0, 2.0, 1.0}),
            (std::vector<double>{5.0, -4.0, -4.0, 0.0}));
}

TEST(ConsensusKernel, FloorReplacesSmallDivisors) {
  const std::vector<std::vector<double>> lanes{{1.0}, {1.0}};
  EXPECT_EQ(merge({Vote::kPlain, true, 0.5, 1.0}, lanes, {0.125, 0.125}), (std::vector<double>{0.5}));
  EXPECT_EQ(merge({Vote::kPlain, true, 0.0, 1.0}, lanes, {0.5, -0.5}), (std::vector<double>{0.0}));
}

TEST(ElectSign, AgreesWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(9);
    for (std::size_t count = 1; count <= 5; ++count)
      for (const std::size_t n : testing::sizes())
        for (const double zero_sign : {1.0, -1.0}) {
          auto actual = inputs.lanes(n % 2 == 0 ? Kind::kSpecials : Kind::kTies, count, n);
          auto expected = actual;
          table.elect_sign(pointers(actual), zero_sign, n);
          reference::elect_sign(pointers(expected), zero_sign, n);
          ASSERT_EQ(bits_of(actual), bits_of(expected)) << table.isa << " lanes " << count << " n " << n;
        }
  }
}

TEST(ElectSign, AZeroSumCountsAsAsked) {
  std::vector<std::vector<double>> lanes{{1.0, 2.0}, {-1.0, -1.0}};
  auto other = lanes;
  elect_sign(pointers(lanes), 1.0, 2);
  EXPECT_EQ(lanes, (std::vector<std::vector<double>>{{1.0, 2.0}, {0.0, 0.0}}));
  elect_sign(pointers(other), -1.0, 2);
  EXPECT_EQ(other, (std::vector<std::vector<double>>{{0.0, 2.0}, {-1.0, 0.0}}));
}

TEST(SignCounts, AgreeWithTheTwin) {
  for (const KernelTable& table : testing::simd_tables()) {
    Inputs inputs(10);
    for (std::size_t count = 1; count <= 20; count += count < 5 ? 1 : 5)
      for (const std::size_t n : testing::sizes()) {
        const auto lanes = inputs.lanes(n % 2 == 0 ? Kind::kSpecials : Kind::kTies, count, n);
        ASSERT_EQ(table.sign_balance(pointers(lanes), n), reference::sign_balance(pointers(lanes), n));
      }
  }
}

TEST(SignCounts, KnownCounts) {
  const std::vector<std::vector<double>> lanes{{1.0, -1.0, 0.0, -2.0, 1.0}, {-1.0, -1.0, 0.0, 1.0, 0.0}};
  EXPECT_EQ(sign_balance(pointers(lanes), 5), -1);
}

}  // namespace
}  // namespace wootz::kernels
