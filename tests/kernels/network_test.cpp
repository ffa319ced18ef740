// The network kernels against the formulas in double, on every instruction set this machine has.
#include "wootz/kernels/network.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "kernels/every_target.h"
#include "wootz/core/half.h"

namespace wootz::kernels {
namespace {

struct Sequence {
  AttentionShape shape;
  std::vector<float> q, k, v;

  explicit Sequence(const AttentionShape& given)
      : shape(given),
        q(random_values(given.queries * given.query_stride, 1)),
        k(random_values(given.keys * given.key_stride, 2)),
        v(random_values(given.keys * given.key_stride, 3)) {}

  std::size_t seen(std::size_t t) const { return shape.causal ? std::min(t + 1, shape.valid) : shape.valid; }

  // The probabilities of query t.
  std::vector<double> probabilities(std::size_t t) const {
    std::vector<double> p(seen(t));
    double sum = 0;
    for (std::size_t s = 0; s < p.size(); ++s) {
      double score = 0;
      for (std::size_t i = 0; i < shape.head_size; ++i)
        score += double{q[t * shape.query_stride + i]} * k[s * shape.key_stride + i];
      p[s] = std::exp(shape.scale * score);
      sum += p[s];
    }
    for (double& value : p) value /= sum;
    return p;
  }

  double out(std::size_t t, std::size_t i) const {
    const std::vector<double> p = probabilities(t);
    double sum = 0;
    for (std::size_t s = 0; s < p.size(); ++s) sum += p[s] * v[s * shape.key_stride + i];
    return sum;
  }
};

AttentionShape shape_of(std::size_t queries, std::size_t keys, std::size_t valid, std::size_t head_size, bool causal) {
  AttentionShape shape;
  shape.queries = queries;
  shape.keys = keys;
  shape.valid = valid;
  shape.head_size = head_size;
  shape.query_stride = head_size + 3;
  shape.key_stride = head_size + 5;
  shape.out_stride = head_size + 1;
  shape.scale = 1.0F / std::sqrt(static_cast<float>(head_size));
  shape.causal = causal;
  return shape;
}

const std::vector<AttentionShape>& shapes() {
  static const std::vector<AttentionShape> all = {shape_of(17, 17, 17, 32, false), shape_of(9, 9, 6, 7, false),
                                                  shape_of(6, 6, 6, 16, true),     shape_of(1, 20, 20, 33, false),
                                                  shape_of(1, 1, 1, 1, false),     shape_of(5, 40, 33, 64, false)};
  return all;
}

TEST(NetworkKernels, AttentionFollowsItsFormula) {
  on_every_target([] {
    Scratch scratch;
    for (const AttentionShape& shape : shapes()) {
      const Sequence sequence(shape);
      std::vector<float> out(shape.queries * shape.out_stride, -7.0F), sums(shape.queries);
      attention(shape, sequence.q.data(), sequence.k.data(), sequence.v.data(), out.data(), sums.data(), scratch);
      for (std::size_t t = 0; t < shape.queries; ++t) {
        for (std::size_t i = 0; i < shape.head_size; ++i)
          ASSERT_NEAR(out[t * shape.out_stride + i], sequence.out(t, i), 2e-6) << t << " " << i;
        ASSERT_EQ(out[t * shape.out_stride + shape.head_size], -7.0F) << "wrote beyond the head";
      }
    }
  });
}

TEST(NetworkKernels, AttentionGradientsAreTheSlopes) {
  on_every_target([] {
    Scratch scratch;
    for (const AttentionShape& shape : shapes()) {
      Sequence sequence(shape);
      const std::vector<float> weights = random_values(shape.queries * shape.out_stride, 4);
      std::vector<float> out(weights.size()), sums(shape.queries);
      std::vector<float> dq(sequence.q.size(), 9.0F), dk(sequence.k.size(), 9.0F), dv(sequence.v.size(), 9.0F);
      attention(shape, sequence.q.data(), sequence.k.data(), sequence.v.data(), out.data(), sums.data(), scratch);
      attention_backward(shape, sequence.q.data(), sequence.k.data(), sequence.v.data(), out.data(), sums.data(),
                         weights.data(), dq.data(), dk.data(), dv.data(), scratch);
      const auto loss = [&] {
        double sum = 0;
        for (std::size_t t = 0; t < shape.queries; ++t)
          for (std::size_t i = 0; i < shape.head_size; ++i)
            sum += weights[t * shape.out_stride + i] * sequence.out(t, i);
        return sum;
      };
      const auto slope = [&](float& value) {
        constexpr float kStep = 1.0F / 64;
        const float kept = value;
        value = kept + kStep;
        const double above = loss();
        value = kept - kStep;
        const double below = loss();
        value = kept;
        return (above - below) / (2 * kStep);
      };
      // One value of the first, a middle and the last row is enough to meet every path.
      for (const std::size_t t : {std::size_t{0}, shape.queries / 2, shape.queries - 1}) {
        const std::size_t at = t * shape.query_stride + t % shape.head_size;
        EXPECT_NEAR(dq[at], slope(sequence.q[at]), 2e-3) << "q " << t;
      }
      for (const std::size_t s : {std::size_t{0}, shape.keys / 2, shape.keys - 1}) {
        const std::size_t at = s * shape.key_stride + s % shape.head_size;
        EXPECT_NEAR(dk[at], slope(sequence.k[at]), 2e-3) << "k " << s;
        EXPECT_NEAR(dv[at], slope(sequence.v[at]), 2e-3) << "v " << s;
      }
    }
  });
}

TEST(NetworkKernels, QuickGeluFollowsItsFormula) {
  on_every_target([] {
    constexpr std::size_t kRows = 3, kWidth = 37;
    const std::vector<float> x = random_values(kRows * kWidth, 5), bias = random_values(kWidth, 6);
    const std::vector<float> gradient = random_values(kRows * kWidth, 7);
    std::vector<float> y(x.size()), dx(x.size()), db(kWidth, 0.0F);
    quick_gelu(Activation::kFloat32, x.data(), bias.data(), kRows, kWidth, y.data());
    quick_gelu_backward(Activation::kFloat32, x.data(), bias.data(), gradient.data(), kRows, kWidth, dx.data(),
                        db.data());
    std::vector<double> sums(kWidth, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = double{x[i]} + bias[i % kWidth], s = 1 / (1 + std::exp(-1.702 * z));
      ASSERT_NEAR(y[i], z * s, 2e-6);
      const double slope = gradient[i] * (s + 1.702 * z * s * (1 - s));
      ASSERT_NEAR(dx[i], slope, 4e-6);
      sums[i % kWidth] += slope;
    }
    for (std::size_t i = 0; i < kWidth; ++i) ASSERT_NEAR(db[i], sums[i], 1e-5);
  });
}

TEST(NetworkKernels, LayerNormFollowsItsFormula) {
  on_every_target([] {
    constexpr std::size_t kRows = 4, kWidth = 35;
    const std::vector<float> stream = random_values(kRows * kWidth, 8), branch = random_values(kRows * kWidth, 9);
    const std::vector<float> bias = random_values(kWidth, 10), weight = random_values(kWidth, 11);
    const std::vector<float> offset = random_values(kWidth, 12);
    std::vector<float> sum(stream.size()), y(stream.size()), mean(kRows), scale(kRows);
    LayerNormShape shape;
    shape.rows = kRows;
    shape.width = kWidth;
    add_layer_norm(shape, stream.data(), branch.data(), bias.data(), weight.data(), offset.data(), sum.data(), y.data(),
                   mean.data(), scale.data());
    for (std::size_t row = 0; row < kRows; ++row) {
      double average = 0, variance = 0;
      const auto value = [&](std::size_t i) {
        return double{stream[row * kWidth + i]} + branch[row * kWidth + i] + bias[i];
      };
      for (std::size_t i = 0; i < kWidth; ++i) average += value(i) / kWidth;
      for (std::size_t i = 0; i < kWidth; ++i) variance += (value(i) - average) * (value(i) - average) / kWidth;
      for (std::size_t i = 0; i < kWidth; ++i) {
        ASSERT_NEAR(sum[row * kWidth + i], value(i), 1e-6);
        ASSERT_NEAR(y[row * kWidth + i], (value(i) - average) / std::sqrt(variance + 1e-5) * weight[i] + offset[i],
                    4e-6);
      }
    }
  });
}

TEST(NetworkKernels, Bfloat16IsRoundedToNearestEven) {
  on_every_target([] {
    // A norm of width 1 gives its offset, whatever comes in: what is stored is the rounded offset.
    const std::vector<float> offsets = {1.0F,   1.00390625F, 1.01171875F, 1.0039063F, -3.14159F,
                                        1e-40F, 3.3e38F,     INFINITY,    NAN};
    for (const float offset : offsets) {
      const float stream = 0.5F, weight = 1.0F;
      float sum = 0, mean = 0, scale = 0;
      std::uint16_t y = 0;
      LayerNormShape shape;
      shape.rows = 1;
      shape.width = 1;
      shape.storage = shape.branch_storage = Activation::kBFloat16;
      add_layer_norm(shape, &stream, nullptr, nullptr, &weight, &offset, &sum, &y, &mean, &scale);
      const double stored = bf16_to_double(y);
      if (std::isnan(offset))
        EXPECT_TRUE(std::isnan(stored));
      else
        EXPECT_EQ(y, double_to_bf16(offset)) << offset;
    }
  });
}

}  // namespace
}  // namespace wootz::kernels
