// The inner loops of adaptive merging against their formulas in double, on every instruction set this machine has.
#include "wootz/kernels/task_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target.h"
#include "wootz/core/half.h"
#include "wootz/kernels/kernels.h"

namespace wootz::kernels {
namespace {

constexpr std::array kSizes = {std::size_t{0},  std::size_t{1},    std::size_t{7},    std::size_t{8},
                               std::size_t{31}, std::size_t{1000}, std::size_t{4096}, std::size_t{16384 + 3}};
constexpr std::array kCounts = {std::size_t{1}, std::size_t{3}, std::size_t{8}, std::size_t{9}, std::size_t{20}};
constexpr double kUnit = 0x1p-24;  // the relative error of one rounding to float32

enum class Values { kIntegers, kWeights };
enum class Lanes { kFloat32, kMixed };

// A block with its stored lanes. Lane k lies at an odd address. Mixed lanes change their dtype every six and their
// being a difference every five, so that there are groups of equal ones and single ones.
struct Block {
  std::size_t n;
  std::vector<float> base, gradient, weights;
  std::vector<std::vector<std::byte>> bytes;
  std::vector<std::vector<double>> stored;  // as read back
  std::vector<StoredLane> lanes;

  Block(std::size_t size, std::size_t count, Lanes kind, Values values, std::vector<Dtype> dtypes) : n(size) {
    std::mt19937 generator(static_cast<unsigned>(size + 31 * count));
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> small(-8, 8);
    const bool integers = values == Values::kIntegers;
    const auto draw = [&](float scale) {
      return integers ? static_cast<float>(small(generator)) : scale * normal(generator);
    };
    for (std::size_t i = 0; i < n; ++i) base.push_back(draw(0.02F));
    for (std::size_t i = 0; i < n; ++i) gradient.push_back(draw(1.0F));
    for (std::size_t k = 0; k < count; ++k) {
      weights.push_back(integers ? 0.25F * draw(1) : 0.3F + 0.1F * draw(1));
      StoredLane lane;
      lane.dtype = kind == Lanes::kFloat32 ? Dtype::kF32 : dtypes[k / 6 % dtypes.size()];
      lane.is_difference = kind == Lanes::kMixed && k / 5 % 2 == 0;
      std::vector<double> exact(n);
      for (std::size_t i = 0; i < n; ++i) exact[i] = (lane.is_difference ? 0 : base[i]) + draw(2e-4F);
      bytes.emplace_back(n * item_size(lane.dtype) + 1);
      store(lane.dtype, exact.data(), n, bytes.back().data() + 1);
      load(lane.dtype, bytes.back().data() + 1, n, exact.data());
      stored.push_back(exact);
      lanes.push_back(lane);
    }
    for (std::size_t k = 0; k < count; ++k) lanes[k].values = bytes[k].data() + 1;
  }

  double tau(std::size_t k, std::size_t i) const {
    return lanes[k].is_difference ? stored[k][i] : stored[k][i] - base[i];
  }
};

// Calls body(block) for all sizes and numbers of lanes.
template <typename Body>
void for_blocks(Values values, std::vector<Dtype> dtypes, const Body& body) {
  for (const std::size_t n : kSizes)
    for (const std::size_t count : kCounts)
      for (const Lanes kind : {Lanes::kFloat32, Lanes::kMixed}) {
        SCOPED_TRACE(testing::Message() << n << " elements, " << count << " lanes, mixed " << (kind == Lanes::kMixed));
        body(Block(n, count, kind, values, dtypes));
        if (testing::Test::HasFatalFailure()) return;
      }
}

const std::vector<Dtype> kNarrow = {Dtype::kBF16, Dtype::kF32, Dtype::kF16};
const std::vector<Dtype> kAll = {Dtype::kBF16, Dtype::kF64, Dtype::kF32, Dtype::kF16};

// Small integers leave nothing to round, whatever the order: every element of every lane counts exactly once.
TEST(TaskVectors, AreExactOnSmallIntegers) {
  for_blocks(Values::kIntegers, kNarrow, [](const Block& block) {
    const std::size_t n = block.n, count = block.lanes.size();
    std::vector<double> merged(n), products(count, 7.0);
    for (std::size_t i = 0; i < n; ++i) {
      merged[i] = block.base[i];
      for (std::size_t k = 0; k < count; ++k) {
        merged[i] += block.weights[k] * block.tau(k, i);
        products[k] += block.gradient[i] * block.tau(k, i);
      }
    }
    on_every_target([&] {
      std::vector<float> out(n + 1, -77.0F);
      merge_stored(block.base.data(), block.lanes, block.weights, Activation::kFloat32, out.data(), n);
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], merged[i]) << i;
      ASSERT_EQ(out[n], -77.0F) << "wrote beyond the block";
      std::vector<double> sums(count, 7.0);
      stored_products(block.gradient.data(), block.base.data(), block.lanes, n, sums);
      ASSERT_EQ(sums, products);
    });
  });
}

// To each element: a rounding per difference, two per term of the sum (product and sum; one where they are fused) and
// a last one, of the result.
TEST(TaskVectors, MergedWeightsAreWithinTheirRoundings) {
  for_blocks(Values::kWeights, kNarrow, [](const Block& block) {
    const std::size_t n = block.n, count = block.lanes.size();
    std::vector<double> merged(n), bounds(n);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0, magnitude = 0;
      for (std::size_t k = 0; k < count; ++k) {
        sum += block.weights[k] * block.tau(k, i);
        magnitude += std::abs(block.weights[k] * block.tau(k, i));
      }
      merged[i] = block.base[i] + sum;
      bounds[i] = 1.001 * kUnit * (static_cast<double>(count + 2) * magnitude + std::abs(merged[i]));
    }
    on_every_target([&] {
      std::vector<float> out(n);
      merge_stored(block.base.data(), block.lanes, block.weights, Activation::kFloat32, out.data(), n);
      for (std::size_t i = 0; i < n; ++i) ASSERT_NEAR(out[i], merged[i], bounds[i]) << i;
      // In bfloat16 it is that result, rounded.
      std::vector<std::uint16_t> narrow(n + 1, 0x1234);
      merge_stored(block.base.data(), block.lanes, block.weights, Activation::kBFloat16, narrow.data(), n);
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(narrow[i], double_to_bf16(out[i])) << i;
      ASSERT_EQ(narrow[n], 0x1234) << "wrote beyond the block";
    });
  });
}

// A float32 sum takes up no more than 512 terms (one lane to the vector, two sums, runs of 1024), and each has the
// rounding of its difference and of its product besides.
TEST(TaskVectors, ProductsAreWithinTheirRoundings) {
  for_blocks(Values::kWeights, kNarrow, [](const Block& block) {
    const std::size_t n = block.n, count = block.lanes.size();
    std::vector<double> products(count), magnitudes(count);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < n; ++i) {
        products[k] += block.gradient[i] * block.tau(k, i);
        magnitudes[k] += std::abs(block.gradient[i] * block.tau(k, i));
      }
    const double roundings = 1.001 * kUnit * static_cast<double>(std::min<std::size_t>(n, 512) + 2);
    on_every_target([&] {
      std::vector<double> sums(count);
      stored_products(block.gradient.data(), block.base.data(), block.lanes, n, sums);
      for (std::size_t k = 0; k < count; ++k) ASSERT_NEAR(sums[k], products[k], roundings * magnitudes[k]) << k;
    });
  });
}

TEST(TaskVectors, ResultsDoNotDependOnCompanyNorElementsOnTheCut) {
  on_every_target([] {
    const Block block(5003, 20, Lanes::kMixed, Values::kWeights, kNarrow);
    std::vector<double> sums(block.lanes.size());
    stored_products(block.gradient.data(), block.base.data(), block.lanes, block.n, sums);
    for (std::size_t k = 0; k < block.lanes.size(); ++k) {
      double alone = 0;
      stored_products(block.gradient.data(), block.base.data(), {&block.lanes[k], 1}, block.n, {&alone, 1});
      ASSERT_EQ(alone, sums[k]) << k;
    }
    std::vector<float> whole(block.n), pieces(block.n);
    merge_stored(block.base.data(), block.lanes, block.weights, Activation::kFloat32, whole.data(), block.n);
    for (std::size_t first = 0; first < block.n; first += 333) {
      std::vector<StoredLane> lanes = block.lanes;
      for (StoredLane& lane : lanes) lane.values += first * item_size(lane.dtype);
      merge_stored(block.base.data() + first, lanes, block.weights, Activation::kFloat32, pieces.data() + first,
                   std::min<std::size_t>(333, block.n - first));
    }
    ASSERT_EQ(pieces, whole);
  });
}

TEST(TaskVectors, DifferencesNeedNoBaseForProducts) {
  on_every_target([] {
    const std::vector<float> gradient = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, tau(gradient.size(), 0.5F);
    const StoredLane lane{Dtype::kF32, reinterpret_cast<const std::byte*>(tau.data()), true};
    double sum = 0;
    stored_products(gradient.data(), nullptr, {&lane, 1}, gradient.size(), {&sum, 1});
    ASSERT_EQ(sum, 33.0);
  });
}

// Ones that a float32 sum of what went before would swallow.
TEST(TaskVectors, LongProductsAreSummedInDouble) {
  on_every_target([] {
    std::vector<float> gradient(2048, 1.0F), tau(gradient.size(), 1.0F);
    std::fill_n(gradient.begin(), 1024, 0x1p24F);
    const StoredLane lane{Dtype::kF32, reinterpret_cast<const std::byte*>(tau.data()), true};
    double sum = 0;
    stored_products(gradient.data(), nullptr, {&lane, 1}, gradient.size(), {&sum, 1});
    ASSERT_EQ(sum, 0x1p34 + 1024);
  });
}

TEST(TaskVectors, LanesOfWeightZeroAreNotRead) {
  const std::vector<float> base(19, 2.0F), ones(19, 3.0F);
  const StoredLane lane{Dtype::kF32, reinterpret_cast<const std::byte*>(ones.data()), false};
  const StoredLane nowhere{Dtype::kF32, nullptr, false};
  const std::vector<StoredLane> lanes = {nowhere, lane, nowhere, lane, lane, nowhere, lane, lane, nowhere};
  const std::vector<float> weights = {0, 1, 0, 2, 3, -0.0F, 4, 5, 0};
  on_every_target([&] {
    std::vector<float> out(base.size());
    merge_stored(base.data(), lanes, weights, Activation::kFloat32, out.data(), out.size());
    ASSERT_EQ(out, std::vector<float>(base.size(), 17.0F));
    merge_stored(base.data(), {}, std::span<const float>{}, Activation::kFloat32, out.data(), out.size());
    ASSERT_EQ(out, base);
  });
  const std::vector<double> wide_base(base.begin(), base.end()), wide_weights(weights.begin(), weights.end());
  std::vector<double> out(base.size());
  merge_stored(wide_base.data(), lanes, wide_weights, out.data(), out.size());
  EXPECT_EQ(out, std::vector<double>(base.size(), 17.0));
}

// The wide version rounds as the formula here does, but for the order of the last addition.
TEST(TaskVectors, WideVersionFollowsTheFormula) {
  for_blocks(Values::kWeights, kAll, [](const Block& block) {
    const std::size_t n = block.n, count = block.lanes.size();
    const std::vector<double> base(block.base.begin(), block.base.end());
    const std::vector<double> gradient(block.gradient.begin(), block.gradient.end());
    const std::vector<double> weights(block.weights.begin(), block.weights.end());
    std::vector<double> out(n), products(count), expected(count);
    merge_stored(base.data(), block.lanes, weights, out.data(), n);
    stored_products(gradient.data(), base.data(), block.lanes, n, products);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < count; ++k) {
        sum += weights[k] * block.tau(k, i);
        expected[k] += gradient[i] * block.tau(k, i);
      }
      ASSERT_EQ(out[i], base[i] + sum) << i;
    }
    ASSERT_EQ(products, expected);
  });
}

TEST(TaskVectors, WidenGivesEveryValue) {
  on_every_target([] {
    std::vector<std::uint16_t> bits(65536);
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
    std::vector<float> out(bits.size());
    for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16}) {
      // All but one, to have a tail.
      widen(dtype, reinterpret_cast<const std::byte*>(bits.data() + 1), bits.size() - 1, out.data() + 1);
      for (std::size_t i = 1; i < bits.size(); ++i) {
        const double exact = dtype == Dtype::kF16 ? f16_to_double(bits[i]) : bf16_to_double(bits[i]);
        if (std::isnan(exact))
          ASSERT_TRUE(std::isnan(out[i])) << i;
        else
          ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(static_cast<float>(exact))) << i;
      }
    }
    const std::vector<double> wide = {1.0, 1.0 + 0x1p-24, -1.0 - 0x1p-23, 1e300, -0.0};
    const std::vector<float> narrow = {1.0F, 1.0F, -1.0F - 0x1p-23F, std::numeric_limits<float>::infinity(), -0.0F};
    widen(Dtype::kF64, reinterpret_cast<const std::byte*>(wide.data()), wide.size(), out.data());
    for (std::size_t i = 0; i < wide.size(); ++i) ASSERT_EQ(out[i], narrow[i]) << i;
    widen(Dtype::kF32, reinterpret_cast<const std::byte*>(narrow.data()), narrow.size(), out.data());
    for (std::size_t i = 0; i < narrow.size(); ++i) ASSERT_EQ(out[i], narrow[i]) << i;
  });
}

}  // namespace
}  // namespace wootz::kernels
