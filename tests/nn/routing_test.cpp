// Routed modules against the definition: for every sample, a plain network with that sample's merged weights.
#include "wootz/nn/routing.h"

#include <gtest/gtest.h>

#include "support/test_files.h"
#include "support/torch_test_headers.h"
#include "wootz/io/file.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/expert_storage.h"
#include "wootz/nn/load_parameters.h"

namespace wootz {
namespace {

constexpr std::int64_t kExperts = 3, kBatch = 4;

struct Sample {
  std::string model;  ///< a folder of the tests' models
  ModuleKind kind = ModuleKind::kMlp;
};

class RoutingTest : public ::testing::TestWithParam<Sample> {
 protected:
  void SetUp() override {
    at::manual_seed(7);
    const std::string path = join_path(WOOTZ_NN_MODELS, GetParam().model);
    const Checkpoint checkpoint = *Checkpoint::open(files_, path);
    network_ = *make_network(*ModelConfig::load(files_, path), tensor_names(checkpoint));
    base_ = *load_parameters(checkpoint, *network_);
    const ModelInfo& info = network_->info();
    if (info.input == InputKind::kImage) {
      input_.pixels = at::randn({kBatch, 3, info.image_size, info.image_size});
    } else {
      input_.tokens = at::randint(5, 40, {kBatch, 9}, at::kLong);
      input_.lengths = at::tensor(std::vector<std::int64_t>{9, 5, 7, 1});
    }
  }

  // A routing of all modules of the kind, with dense experts; `tau` keeps the task vectors of each parameter.
  std::shared_ptr<Routing> routing(std::int64_t layers) {
    auto made = std::make_shared<Routing>();
    for (std::size_t m = 0; m < network_->modules().size(); ++m) {
      const ModuleSpec& spec = network_->modules()[m];
      if (spec.kind != GetParam().kind) continue;
      RoutedModule& module = made->modules[m];
      if (layers == 2) module.router.parameters = {random({spec.width, spec.width}), random({spec.width})};
      if (layers > 0) module.router.parameters.push_back(random({kExperts, spec.width}));
      module.router.parameters.push_back(at::full({kExperts}, 0.3) + random({kExperts}));
      for (const LinearParameters& map : spec.maps) {
        for (const ParameterIndex p : {map.weight, map.bias})
          for (std::int64_t k = 0; k < kExperts; ++k) tau_[p].push_back(0.1 * at::randn(base_[p].sizes()));
        RoutedMap routed;
        routed.rows = ops::dense_experts(base_[map.weight], tau_[map.weight]);
        routed.biases = at::cat({base_[map.bias].unsqueeze(0), at::stack(tau_[map.bias])});
        module.maps.push_back(std::move(routed));
      }
    }
    return made;
  }

  at::Tensor run(const std::shared_ptr<Routing>& routing, const NetworkInput& input) const {
    NetworkWeights weights(base_);
    weights.routing = routing;
    return network_->features(weights, input);
  }

  // What each sample's own weights give, the coefficients as the routed network saw them.
  at::Tensor definition(const std::map<std::size_t, at::Tensor>& coefficients) const {
    std::vector<at::Tensor> rows;
    for (std::int64_t b = 0; b < kBatch; ++b) {
      ParameterList merged = base_;
      for (const auto& [module, values] : coefficients)
        for (const LinearParameters& map : network_->modules()[module].maps)
          for (const ParameterIndex p : {map.weight, map.bias})
            for (std::int64_t k = 0; k < kExperts; ++k)
              merged[p] = merged[p] + values[b][k] * tau_.at(p)[static_cast<std::size_t>(k)];
      NetworkInput one;
      if (input_.pixels.defined()) {
        one.pixels = input_.pixels.slice(0, b, b + 1);
      } else {
        const std::int64_t length = input_.lengths[b].item<std::int64_t>();
        one.tokens = input_.tokens.slice(0, b, b + 1).slice(1, 0, length);
        one.lengths = input_.lengths.slice(0, b, b + 1);
      }
      rows.push_back(network_->features(merged, one));
    }
    return at::cat(rows);
  }

  static at::Tensor random(std::vector<std::int64_t> shape) { return 0.2 * at::randn(shape); }

  FileSystem& files_ = posix_file_system();
  std::unique_ptr<Network> network_;
  ParameterList base_;
  std::map<ParameterIndex, std::vector<at::Tensor>> tau_;
  NetworkInput input_;
};

TEST_P(RoutingTest, FollowsTheDefinition) {
  const at::NoGradGuard no_gradients;
  for (const std::int64_t layers : {0, 1, 2}) {
    tau_.clear();
    const auto made = routing(layers);
    std::map<std::size_t, at::Tensor> seen;
    made->observer = [&](std::size_t module, const at::Tensor& values) { seen[module] = values.contiguous(); };
    const at::Tensor found = run(made, input_);
    ASSERT_EQ(seen.size(), made->modules.size());
    EXPECT_TRUE(at::allclose(found, definition(seen), 1e-4, 1e-5)) << layers;
    if (layers == 0) continue;
    EXPECT_FALSE(at::allclose(seen.begin()->second[0], seen.begin()->second[1], 1e-3, 1e-3));
  }
}

// What a sample's batch holds besides must not matter: also how long its other texts are.
TEST_P(RoutingTest, EverySampleHasItsOwn) {
  const at::NoGradGuard no_gradients;
  const auto made = routing(2);
  const at::Tensor all = run(made, input_);
  NetworkInput one;
  if (input_.pixels.defined()) one.pixels = input_.pixels.slice(0, 1, 2);
  if (input_.tokens.defined()) one.tokens = input_.tokens.slice(0, 1, 2).slice(1, 0, 5);
  if (input_.lengths.defined()) one.lengths = input_.lengths.slice(0, 1, 2);
  EXPECT_TRUE(at::allclose(run(made, one), all.slice(0, 1, 2), 1e-4, 1e-5));
  made->batch_average = true;
  EXPECT_FALSE(at::allclose(run(made, input_).slice(0, 1, 2), all.slice(0, 1, 2), 1e-4, 1e-5));
}

TEST_P(RoutingTest, ConstantsAreAPlainMergedNetwork) {
  const at::NoGradGuard no_gradients;
  const auto made = routing(0);
  ParameterList plain = base_;
  for (const auto& [number, module] : made->modules)
    for (std::size_t m = 0; m < module.maps.size(); ++m) {
      const MergedMap map = merged(module.maps[m], module.router.parameters[0]);
      plain[network_->modules()[number].maps[m].weight] = map.weight.to(at::kFloat);
      plain[network_->modules()[number].maps[m].bias] = map.bias.to(at::kFloat);
    }
  EXPECT_TRUE(at::allclose(run(made, input_), network_->features(plain, input_), 1e-4, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(Models, RoutingTest,
                         ::testing::Values(Sample{"clip_vision", ModuleKind::kMlp},
                                           Sample{"clip_vision", ModuleKind::kAttention},
                                           Sample{"bert", ModuleKind::kMlp}, Sample{"bert", ModuleKind::kAttention},
                                           Sample{"clip_text", ModuleKind::kMlp}),
                         [](const auto& each) {
                           return each.param.model + (each.param.kind == ModuleKind::kMlp ? "_mlp" : "_attention");
                         });

at::Tensor rows_of(const RoutedMap& map) {
  at::Tensor all = at::empty({map.rows->experts() + 1, map.rows->out(), map.rows->in()});
  map.rows->rows(0, map.rows->out(), all.mutable_data_ptr<float>());
  return all;
}

// |x| above the interpolated quantile, as torch.quantile says.
TEST(ExpertStorage, SparseKeepsTheLargest) {
  at::manual_seed(1);
  const at::Tensor task_vectors = at::randn({2, 13, 11}), base = at::randn({13, 11});
  for (const double keep : {0.1, 0.5, 1.0, 0.0}) {
    const auto stored = keep_largest(task_vectors, keep);
    ASSERT_TRUE(stored);
    const at::Tensor flat = task_vectors.flatten(1).abs();
    const at::Tensor limit = at::quantile(flat, 1.0 - keep, 1, true);
    const at::Tensor expected = at::where(flat > limit, task_vectors.flatten(1), at::zeros({})).view({2, 13, 11});
    const RoutedMap map = routed_map(base, *stored, at::zeros({3, 13}));
    EXPECT_TRUE(rows_of(map)[0].equal(base));
    EXPECT_TRUE(at::allclose(rows_of(map).slice(0, 1), expected, 1e-3, 1e-6)) << keep;
    EXPECT_EQ(rows_of(map).slice(0, 1).ne(0).sum().item<std::int64_t>(), expected.ne(0).sum().item<std::int64_t>());
    EXPECT_EQ(count_kept(stored->mask, 11), stored->values.numel());
  }
}

TEST(ExpertStorage, ATenthOfTheValuesTakesLessThanATenthOfTheBytes) {
  const at::Tensor task_vectors = at::randn({2, 64, 96});
  EXPECT_LT(static_cast<double>(keep_largest(task_vectors, 0.1)->bytes()),
            0.1 * static_cast<double>(task_vectors.nbytes()));
}

TEST(ExpertStorage, LowRankIsExactAtFullRankAndClosestBelow) {
  at::manual_seed(2);
  const at::Tensor low = at::matmul(at::randn({2, 13, 3}), at::randn({2, 3, 11})), base = at::randn({13, 11});
  const at::Tensor x = at::randn({2, 5, 11}), c = at::randn({2, 2});
  const RoutedMap exact = routed_map(base, *keep_low_rank(low, 3), at::zeros({3, 13}));
  const RoutedMap dense = routed_map(base, {ExpertStorage::kDense, low, {}, {}, {}, {}}, at::zeros({3, 13}));
  EXPECT_TRUE(
      at::allclose(apply(exact, x, c, ops::RoutedPath::kAuto), apply(dense, x, c, ops::RoutedPath::kAuto), 1e-2, 2e-2));
  EXPECT_EQ(keep_low_rank(low, 100)->up.size(2), 11);
}

TEST(ExpertStorage, WhatFloat16CannotHoldIsAnError) {
  at::Tensor one = at::zeros({1, 2, 8});
  one[0][0][3] = 1e6;
  EXPECT_FALSE(keep_largest(one, 0.5));
  EXPECT_FALSE(keep_low_rank(1e12 * one, 1));
}

}  // namespace
}  // namespace wootz
