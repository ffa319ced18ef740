// The kernels against torch's own operations in float64, values and gradients, over shapes that leave remainders.
#include "wootz/nn/ops.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/torch_test_headers.h"
#include "torch/csrc/autograd/autograd.h"

namespace wootz::ops {
namespace {

using Tensors = std::vector<at::Tensor>;

// The largest difference, relative to the largest value of the truth (or to 0.1, for what is zero by symmetry).
double difference(const at::Tensor& found, const at::Tensor& truth) {
  const double scale = std::max(0.1, truth.abs().max().item<double>());
  return (found.to(at::kDouble) - truth.to(at::kDouble)).abs().max().item<double>() / scale;
}

at::Tensor random(std::vector<std::int64_t> shape) { return at::randn(shape, at::kDouble); }

// Runs `body` on the inputs in float64 (composed) and in `type` (kernels), and compares the results and the gradients
// of a random projection of them.
template <typename Body>
void expect_same(const Tensors& inputs, at::ScalarType type, double tolerance, const Body& body) {
  Tensors exact, rounded;
  for (const at::Tensor& input : inputs) {
    rounded.push_back(input.to(type).detach().requires_grad_(true));
    exact.push_back(rounded.back().detach().to(at::kDouble).requires_grad_(true));
  }
  const Tensors truth = body(exact), found = body(rounded);
  ASSERT_EQ(truth.size(), found.size());
  at::Tensor truth_loss, found_loss;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    EXPECT_LT(difference(found[i], truth[i]), tolerance) << "result " << i;
    const at::Tensor weights = at::randn_like(truth[i]);
    const at::Tensor a = (truth[i] * weights).sum(), b = (found[i].to(at::kDouble) * weights).sum();
    truth_loss = i == 0 ? a : truth_loss + a;
    found_loss = i == 0 ? b : found_loss + b;
  }
  const auto truth_gradients = torch::autograd::grad({truth_loss}, exact);
  const auto found_gradients = torch::autograd::grad({found_loss}, rounded);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_LT(difference(found_gradients[i], truth_gradients[i]), tolerance) << "gradient " << i;
}

struct AttentionCase {
  std::int64_t batch, tokens, heads, head_size;
};

class AttentionTest : public ::testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionTest, SelfAttentionEqualsTheComposedForm) {
  const auto [batch, tokens, heads, head_size] = GetParam();
  at::manual_seed(1);
  const Tensors inputs = {random({batch, tokens, 3 * heads * head_size})};
  AttentionOptions options;
  options.heads = heads;
  const auto body = [&](const Tensors& x) { return Tensors{self_attention(x[0], options)}; };
  expect_same(inputs, at::kFloat, 2e-6, body);
  expect_same(inputs, at::kBFloat16, 2e-2, body);
}

TEST_P(AttentionTest, CausalAndPaddedSequences) {
  const auto [batch, tokens, heads, head_size] = GetParam();
  at::manual_seed(2);
  const Tensors inputs = {random({batch, tokens, 3 * heads * head_size})};
  AttentionOptions options;
  options.heads = heads;
  options.causal = true;
  expect_same(inputs, at::kFloat, 2e-6, [&](const Tensors& x) { return Tensors{self_attention(x[0], options)}; });
  options.causal = false;
  options.lengths = at::randint(1, tokens + 1, {batch}, at::kLong);
  expect_same(inputs, at::kFloat, 2e-6, [&](const Tensors& x) { return Tensors{self_attention(x[0], options)}; });
}

TEST_P(AttentionTest, FewQueriesToManyKeys) {
  const auto [batch, tokens, heads, head_size] = GetParam();
  at::manual_seed(3);
  AttentionOptions options;
  options.heads = heads;
  options.lengths = at::randint(1, tokens + 1, {batch}, at::kLong);
  for (const std::int64_t queries : {1, 3}) {
    const Tensors inputs = {random({batch, queries, heads * head_size}),
                            random({batch, tokens, 2 * heads * head_size})};
    expect_same(inputs, at::kFloat, 2e-6,
                [&](const Tensors& x) { return Tensors{query_attention(x[0], x[1], options)}; });
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         ::testing::Values(AttentionCase{2, 17, 4, 32}, AttentionCase{1, 50, 2, 64},
                                           AttentionCase{3, 5, 1, 7}, AttentionCase{1, 1, 2, 8},
                                           AttentionCase{2, 65, 3, 20}, AttentionCase{1, 130, 1, 64}));

TEST(QuickGelu, EqualsTheComposedForm) {
  at::manual_seed(4);
  for (const std::int64_t width : {1, 15, 16, 129}) {
    const Tensors inputs = {3 * random({70, width}), random({width})};
    const auto body = [](const Tensors& x) { return Tensors{quick_gelu(x[0], x[1].to(at::kFloat))}; };
    const auto exact = [](const Tensors& x) { return Tensors{quick_gelu(x[0], x[1])}; };
    expect_same(inputs, at::kFloat, 2e-6, exact);
    expect_same(inputs, at::kBFloat16, 2e-2, body);
  }
}

TEST(QuickGelu, TakesExtremeValues) {
  const at::Tensor x = at::tensor({-1000.0F, -100.0F, 0.0F, 100.0F, 1000.0F});
  const at::Tensor y = quick_gelu(x, at::zeros({5}));
  EXPECT_TRUE(at::equal(y.slice(0, 2), at::tensor({0.0F, 100.0F, 1000.0F}))) << y;
  EXPECT_LT(y.slice(0, 0, 2).abs().max().item<float>(), 1e-6F);
}

TEST(AddLayerNorm, EqualsTheComposedForm) {
  at::manual_seed(5);
  for (const std::int64_t width : {7, 16, 128, 131}) {
    const Tensors inputs = {random({3, 50, width}), random({3, 50, width}), random({width}), random({width}),
                            random({width})};
    expect_same(inputs, at::kFloat, 4e-6, [](const Tensors& x) {
      const Normed result = add_layer_norm(x[0], x[1], x[2], x[3], x[4], 1e-5, x[0].scalar_type());
      return Tensors{result.stream, result.y};
    });
    expect_same({inputs[0], inputs[3], inputs[4]}, at::kFloat, 4e-6, [](const Tensors& x) {
      return Tensors{add_layer_norm(x[0], {}, {}, x[1], x[2], 1e-5, x[0].scalar_type()).y};
    });
  }
}

TEST(AddLayerNorm, TakesABfloat16Branch) {
  at::manual_seed(6);
  const at::Tensor stream = at::randn({9, 33}), weight = at::randn({33}), offset = at::randn({33});
  const at::Tensor branch = at::randn({9, 33}).to(at::kBFloat16);
  const Normed found = add_layer_norm(stream, branch, {}, weight, offset, 1e-5, at::kBFloat16);
  const at::Tensor sum = stream + branch.to(at::kFloat);
  EXPECT_TRUE(at::equal(found.stream, sum));
  EXPECT_EQ(found.y.scalar_type(), at::kBFloat16);
  EXPECT_LT(difference(found.y, at::layer_norm(sum, {33}, weight, offset, 1e-5)), 1e-2);
}

TEST(Kernels, DoNotDependOnTheThreads) {
  at::manual_seed(7);
  const at::Tensor qkv = at::randn({5, 30, 96}), stream = at::randn({200, 64}), weight = at::randn({64});
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    const at::Tensor x = stream.clone().requires_grad_(true), w = weight.clone().requires_grad_(true);
    const Normed normed = add_layer_norm(x, {}, {}, w, weight, 1e-5, at::kFloat);
    const auto gradients = torch::autograd::grad({normed.y.sin().sum()}, {x, w});
    AttentionOptions options;
    options.heads = 4;
    return Tensors{gradients[0], gradients[1], self_attention(qkv, options)};
  };
  const Tensors one = run(1), many = run(3);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], many[i])) << i;
}

}  // namespace
}  // namespace wootz::ops
