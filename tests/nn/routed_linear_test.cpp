// The routed linear map against its definition in float64, values and gradients, over shapes that leave remainders.
#include "wootz/nn/routed_linear.h"

#include <gtest/gtest.h>

#include "support/torch_test_headers.h"
#include "torch/csrc/autograd/autograd.h"

namespace wootz::ops {
namespace {

using Tensors = std::vector<at::Tensor>;
using Experts = std::shared_ptr<const ExpertRows>;

struct Shape {
  std::int64_t samples, tokens, in, out, experts;
};

std::vector<Shape> shapes() {
  std::vector<Shape> all = {{5, 17, 200, 150, 8}, {14, 3, 130, 90, 2}, {2, 9, 70, 300, 20}};
  for (const std::int64_t samples : {1, 3, 5})
    for (const std::int64_t tokens : {1, 7, 17})
      for (const std::int64_t experts : {1, 3, 8}) {
        all.push_back({samples, tokens, 24, 40, experts});
        all.push_back({samples, tokens, 33, 65, experts});
      }
  return all;
}

// Rows as from a file: there is no more than one can ask for.
class FetchedExperts : public ExpertRows {
 public:
  explicit FetchedExperts(Experts source) : source_(std::move(source)) {}
  std::int64_t experts() const override { return source_->experts(); }
  std::int64_t out() const override { return source_->out(); }
  std::int64_t in() const override { return source_->in(); }
  void rows(std::int64_t first, std::int64_t rows, float* out) const override { source_->rows(first, rows, out); }

 private:
  Experts source_;
};

struct Problem {
  at::Tensor base, task_vectors, x, coefficients, weights;  // weights: of a random projection of y

  explicit Problem(const Shape& shape, unsigned seed = 1) {
    at::manual_seed(seed);
    base = at::randn({shape.out, shape.in});
    task_vectors = at::randn({shape.experts, shape.out, shape.in});
    x = at::randn({shape.samples, shape.tokens, shape.in});
    coefficients = at::randn({shape.samples, shape.experts});
    weights = at::randn({shape.samples, shape.tokens, shape.out});
  }

  Experts dense() const { return dense_experts(base, task_vectors.unbind(0)); }
  std::vector<Experts> sources() const {
    return {dense(), blocked_experts(*dense()), std::make_shared<FetchedExperts>(dense()),
            device_experts(*dense(), at::kCPU)};
  }

  // y and the gradients of x and of the coefficients.
  template <typename Map>
  Tensors results(at::ScalarType type, const Map& map) const {
    const at::Tensor input = x.to(type).requires_grad_(true);
    const at::Tensor c = coefficients.to(type).requires_grad_(true);
    const at::Tensor y = map(input, c);
    Tensors all = torch::autograd::grad({(y * weights.to(type)).sum()}, {input, c});
    all.push_back(y.detach());
    return all;
  }
  Tensors truth() const {
    return results(at::kDouble, [&](const at::Tensor& input, const at::Tensor& c) {
      const at::Tensor taus = task_vectors.to(at::kDouble);
      const at::Tensor merged = base.to(at::kDouble) + at::tensordot(c, taus, {1}, {0});
      return at::matmul(input, merged.transpose(1, 2));
    });
  }
  Tensors found(at::ScalarType type, const Experts& experts, RoutedPath path) const {
    return results(
        type, [&](const at::Tensor& input, const at::Tensor& c) { return routed_linear(input, c, experts, path); });
  }
};

double difference(const at::Tensor& found, const at::Tensor& truth) {
  return (found.to(at::kDouble) - truth).abs().max().item<double>() / truth.abs().max().item<double>();
}

TEST(RoutedLinear, EveryPathFollowsTheDefinition) {
  for (const Shape& shape : shapes()) {
    const Problem problem(shape);
    const Tensors truth = problem.truth();
    for (const Experts& experts : problem.sources())
      for (const RoutedPath path : {RoutedPath::kAuto, RoutedPath::kTiled, RoutedPath::kFactored,
                                    RoutedPath::kDefinition, RoutedPath::kGrouped, RoutedPath::kMerged}) {
        const Tensors found = problem.found(at::kFloat, experts, path);
        for (std::size_t i = 0; i < truth.size(); ++i)
          ASSERT_LT(difference(found[i], truth[i]), 1e-5)
              << i << " path " << static_cast<int>(path) << " B " << shape.samples << " T " << shape.tokens << " in "
              << shape.in << " K " << shape.experts;
      }
  }
}

// As a router without weights gives them.
TEST(RoutedLinear, OneRowForAllSamplesIsMergedOnce) {
  const Problem problem({5, 17, 40, 30, 3});
  const auto results = [&](at::ScalarType type, RoutedPath path) {
    const at::Tensor x = problem.x.to(type).requires_grad_(true);
    const at::Tensor row = problem.coefficients.slice(0, 0, 1).to(type).requires_grad_(true);
    const at::Tensor y = routed_linear(x, row.expand({5, -1}), problem.dense(), path);
    Tensors all = torch::autograd::grad({(y * problem.weights.to(type)).sum()}, {x, row});
    all.push_back(y.detach());
    return all;
  };
  const Tensors truth = results(at::kDouble, RoutedPath::kDefinition);
  const Tensors found = results(at::kFloat, RoutedPath::kMerged);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_LT(difference(found[i], truth[i]), 1e-5) << i;
}

TEST(RoutedLinear, Float64TakesTheDefinition) {
  const Problem problem({3, 7, 33, 40, 3});
  const Tensors truth = problem.truth();
  for (const Experts& experts : problem.sources()) {
    const Tensors found = problem.found(at::kDouble, experts, RoutedPath::kAuto);
    for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_LT(difference(found[i], truth[i]), 1e-13) << i;
  }
}

TEST(RoutedLinear, CoefficientGradientsAreTheSlopes) {
  const Problem problem({3, 7, 33, 65, 3});
  const at::Tensor gradient = problem.found(at::kFloat, problem.dense(), RoutedPath::kTiled)[1];
  const auto loss = [&](const at::Tensor& c) {
    return (routed_linear(problem.x.to(at::kDouble), c, problem.dense()) * problem.weights).sum().item<double>();
  };
  constexpr double kStep = 1.0 / 64;
  for (std::int64_t b = 0; b < 3; ++b)
    for (std::int64_t k = 0; k < 3; ++k) {
      at::Tensor above = problem.coefficients.to(at::kDouble), below = above.clone();
      above[b][k] += kStep;
      below[b][k] -= kStep;
      const double slope = (loss(above) - loss(below)) / (2 * kStep);
      EXPECT_NEAR(gradient[b][k].item<double>(), slope, 1e-5 * gradient.abs().max().item<double>()) << b << " " << k;
    }
}

TEST(RoutedLinear, OneGradientAloneIsTheSame) {
  const Problem problem({5, 17, 200, 150, 8});
  const Tensors both = problem.found(at::kFloat, problem.dense(), RoutedPath::kTiled);
  const at::Tensor x = problem.x.clone().requires_grad_(true), c = problem.coefficients.clone().requires_grad_(true);
  const auto gradient = [&](const at::Tensor& given_x, const at::Tensor& given_c, const at::Tensor& of) {
    const at::Tensor y = routed_linear(given_x, given_c, problem.dense(), RoutedPath::kTiled);
    return torch::autograd::grad({(y * problem.weights).sum()}, {of})[0];
  };
  EXPECT_TRUE(at::equal(gradient(x, problem.coefficients, x), both[0]));
  EXPECT_TRUE(at::equal(gradient(problem.x, c, c), both[1]));
}

TEST(RoutedLinear, DoesNotDependOnTheThreadsNorOnWhereExpertsLie) {
  const Problem problem({7, 17, 200, 150, 8});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensors one = problem.found(at::kFloat, problem.dense(), RoutedPath::kTiled);
  for (const int many : {2, 3, 5}) {
    at::set_num_threads(many);
    for (const Experts& experts : problem.sources()) {
      const Tensors found = problem.found(at::kFloat, experts, RoutedPath::kTiled);
      for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(found[i], one[i])) << many << " " << i;
    }
  }
  at::set_num_threads(threads);
}

TEST(RoutedLinear, EqualCoefficientsShareAWeight) {
  Problem problem({6, 7, 70, 90, 3});
  problem.coefficients = problem.coefficients.index_select(0, at::tensor({0, 1, 0, 2, 1, 0}));
  const Tensors tiled = problem.found(at::kFloat, problem.dense(), RoutedPath::kTiled);
  for (const RoutedPath path : {RoutedPath::kAuto, RoutedPath::kGrouped}) {
    const Tensors grouped = problem.found(at::kFloat, problem.dense(), path);
    for (std::size_t i = 0; i < tiled.size(); ++i) EXPECT_TRUE(at::equal(grouped[i], tiled[i])) << i;
  }
  problem.coefficients = problem.coefficients.slice(0, 0, 1).expand({6, 3});
  const Tensors found = problem.found(at::kFloat, problem.dense(), RoutedPath::kAuto), truth = problem.truth();
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_LT(difference(found[i], truth[i]), 1e-5) << i;
}

TEST(RoutedLinear, CoefficientsOfZeroGiveTheBase) {
  const Problem problem({3, 7, 33, 65, 3});
  const Experts base = dense_experts(problem.base, {});
  const at::Tensor none = routed_linear(problem.x, at::zeros({3, 0}), base);
  EXPECT_LT(difference(none, at::linear(problem.x, problem.base).to(at::kDouble)), 1e-6);
  for (const RoutedPath path : {RoutedPath::kTiled, RoutedPath::kGrouped, RoutedPath::kAuto})
    EXPECT_TRUE(at::equal(routed_linear(problem.x, at::zeros({3, 3}), problem.dense(), path), none));
}

TEST(RoutedLinear, TakesAViewAndNoSamples) {
  const Problem problem({4, 5, 33, 20, 2});
  const at::Tensor turned = problem.x.transpose(0, 1).contiguous().transpose(0, 1);
  const at::Tensor y = routed_linear(problem.x, problem.coefficients, problem.dense(), RoutedPath::kTiled);
  EXPECT_TRUE(at::equal(routed_linear(turned, problem.coefficients, problem.dense(), RoutedPath::kTiled), y));
  const at::Tensor nothing = routed_linear(at::zeros({0, 5, 33}), at::zeros({0, 2}), problem.dense());
  EXPECT_EQ(nothing.sizes(), at::IntArrayRef({0, 5, 20}));
}

TEST(RoutedLinear, ThePathFollowsFromTheShape) {
  const RoutedShape many{16, 50, 8, 16};
  EXPECT_EQ(choose_path(many), RoutedPath::kTiled);
  RoutedShape shape = many;
  shape.groups = 15;
  EXPECT_EQ(choose_path(shape), RoutedPath::kGrouped);
  shape = many;
  shape.experts = 0;
  EXPECT_EQ(choose_path(shape), RoutedPath::kGrouped);
  shape = many;
  shape.tokens = 1;
  EXPECT_EQ(choose_path(shape), RoutedPath::kFactored);
  shape.is_dense = false;
  EXPECT_EQ(choose_path(shape), RoutedPath::kTiled);
  shape = many;
  shape.tokens = 2;
  EXPECT_EQ(choose_path(shape), RoutedPath::kFactored);
  shape.tokens = 3;
  EXPECT_EQ(choose_path(shape), RoutedPath::kTiled);
  shape.has_kernels = false;
  EXPECT_EQ(choose_path(shape), RoutedPath::kMerged);
  shape.is_wide = true;
  EXPECT_EQ(choose_path(shape), RoutedPath::kDefinition);
}

}  // namespace
}  // namespace wootz::ops
