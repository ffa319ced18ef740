// The coefficients' gradient by inner products against finite differences and against autograd through the merge, in
// float64; and what must not change it: segments, micro-batches, the number of threads.
#include <cmath>

#include "adapt/adapter_fixture.h"
#include "support/matchers.h"
#include "support/torch_test_headers.h"
#include "torch/csrc/autograd/autograd.h"
#include "wootz/adapt/adamerging.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"

namespace wootz {
namespace {

class GradientTest : public testing::AdapterFixture {
 protected:
  std::unique_ptr<Setup> setup(const std::string& parameters, bool wide, const std::string& more = "") {
    return setup_recipe(recipe_text(parameters, "batch_size: 6, batches_per_step: 1", more), wide);
  }
  static at::Tensor gradient_of(Setup& setup, std::size_t items = 12) {
    std::vector<at::Tensor> gradients;
    loss_of(setup, gradients, items);
    return gradients.front().clone();
  }
};

using testing::largest;

TEST_F(GradientTest, EqualsFiniteDifferences) {
  const auto made = setup("granularity: layer, init: 0.4, clamp: false", true);
  const at::Tensor gradient = gradient_of(*made), values = made->adapter->values()[0].value;
  std::vector<at::Tensor> ignored;
  constexpr double kStep = 1e-6;
  for (std::int64_t row = 0; row < values.size(0); ++row)
    for (std::int64_t k = 0; k < values.size(1); ++k) {
      const double value = values[row][k].item<double>();
      values[row][k] = value + kStep;
      const double up = loss_of(*made, ignored);
      values[row][k] = value - kStep;
      const double down = loss_of(*made, ignored);
      values[row][k] = value;
      ASSERT_NEAR(gradient[row][k].item<double>(), (up - down) / (2 * kStep), 1e-8 + 1e-6 * largest(gradient))
          << made->plan.tensors[made->plan.merged_tensors[static_cast<std::size_t>(row)]].name << " " << k;
    }
  EXPECT_GT(largest(gradient), 1e-3);
}

TEST_F(GradientTest, EqualsAutogradThroughTheMerge) {
  const auto made = setup("granularity: layer, init: 0.4, clamp: false", true);
  const at::Tensor gradient = gradient_of(*made);
  const auto load = [&](const Source& source) {
    ParameterList list = *load_parameters(source.checkpoint, *made->network);
    for (at::Tensor& each : list) each = each.to(at::kDouble);
    return list;
  };
  const Sources& sources = made->plan.sources;
  const ParameterList base = load(sources.donor()), one = load(sources.models[sources.lanes[0]]),
                      two = load(sources.models[sources.lanes[1]]);
  const at::Tensor coefficients = made->adapter->values()[0].value.detach().clone().requires_grad_(true);
  ParameterList merged;
  std::vector<std::int64_t> rows;
  for (std::size_t p = 0; p < base.size(); ++p) {
    for (std::size_t m = 0; m < made->plan.merged_tensors.size(); ++m)
      if (made->plan.tensors[made->plan.merged_tensors[m]].name == made->network->parameters()[p].name)
        rows.push_back(static_cast<std::int64_t>(m));
    const at::Tensor row = coefficients[rows.back()];
    merged.push_back(base[p] + row[0] * (one[p] - base[p]) + row[1] * (two[p] - base[p]));
  }
  Objective objective({.entropy = 1.0, .balance = 0.3}, made->objective_tasks, 6);
  const std::vector<MicroBatch> micro = micro_batches_of(*made);
  const at::Tensor loss = objective.loss(micro[0], made->network->features(merged, micro[0].input));
  const at::Tensor truth = torch::autograd::grad({loss}, {coefficients})[0];
  EXPECT_LT(largest(gradient - truth), 1e-12 + 1e-9 * largest(truth));
}

// The bias of a key shifts all scores of a query alike; its gradient is nothing but rounding.
TEST_F(GradientTest, WhatNoOutputDependsOnGetsNone) {
  const auto made = setup("granularity: layer, init: 0.4, clamp: false", false);
  const at::Tensor gradient = gradient_of(*made);
  std::size_t inert = 0;
  for (std::size_t m = 0; m < made->plan.merged_tensors.size(); ++m)
    if (made->plan.tensors[made->plan.merged_tensors[m]].name.ends_with("k_proj.bias")) {
      EXPECT_EQ(largest(gradient[static_cast<std::int64_t>(m)]), 0.0);
      ++inert;
    }
  EXPECT_EQ(inert, 2U);
}

// As on a GPU, but on the processor: merged and multiplied by torch, behind transforms too.
TEST_F(GradientTest, VectorsInTheDevicesMemoryGiveTheSame) {
  const std::string parameters = "granularity: layer, init: 0.4, clamp: false";
  for (const std::string more : {"", "task_vectors: [{ties: {density: 0.5}}]\n"}) {
    const at::Tensor truth = gradient_of(*setup(parameters, true, more));
    const auto made =
        setup_recipe(recipe_text(parameters, "batch_size: 6, batches_per_step: 1", more), false, {at::kCPU, true});
    const at::Tensor found = gradient_of(*made);
    EXPECT_LT(largest(found - truth), 2e-5 * largest(truth)) << more;
    EXPECT_GT(made->adapter->pass().memory, setup(parameters, false, more)->adapter->pass().memory);
  }
}

TEST_F(GradientTest, AGpuGivesTheSame) {
  const auto device = open_device("cuda");
  if (!device) GTEST_SKIP() << device.error().message;
  const std::string recipe =
      recipe_text("granularity: layer, init: 0.4, clamp: false", "batch_size: 6, batches_per_step: 1");
  const at::Tensor truth = gradient_of(*setup_recipe(recipe, true));
  for (const bool there : {false, true})
    EXPECT_LT(largest(gradient_of(*setup_recipe(recipe, false, {*device, there})) - truth), 1e-4 * largest(truth))
        << there;
}

TEST_F(GradientTest, TaskWiseIsTheSumOfLayerWise) {
  const at::Tensor layers = gradient_of(*setup("granularity: layer, init: 0.4, clamp: false", true));
  const at::Tensor task = gradient_of(*setup("granularity: task, init: 0.4, clamp: false", true));
  const at::Tensor blocks = gradient_of(*setup("granularity: block, init: 0.4, clamp: false", true));
  EXPECT_EQ(task.size(0), 1);
  EXPECT_EQ(blocks.size(0), 4);  // embeddings, two blocks, output
  EXPECT_LT(largest(layers.sum(0) - task[0]), 1e-12);
  EXPECT_LT(largest(blocks.sum(0) - task[0]), 1e-12);
}

TEST_F(GradientTest, TheClampLetsNoGradientThroughOutside) {
  const auto made = setup("granularity: layer, init: 0.4, clamp: true", true);
  const at::Tensor values = made->adapter->values()[0].value;
  values[1][0] = -0.1;
  values[2][1] = 1.2;
  const at::Tensor gradient = gradient_of(*made);
  EXPECT_EQ(gradient[1][0].item<double>(), 0.0);
  EXPECT_EQ(gradient[2][1].item<double>(), 0.0);
  EXPECT_NE(gradient[2][0].item<double>(), 0.0);
}

TEST_F(GradientTest, SegmentsAndMicroBatchesChangeNothing) {
  for (const bool wide : {true, false}) {
    const auto made = setup("granularity: layer, init: 0.4, clamp: false", wide);
    const at::Tensor whole = gradient_of(*made);
    const double tolerance = (wide ? 1e-12 : 2e-5) * largest(whole);
    for (const std::size_t items : {1U, 5U, 7U}) EXPECT_LT(largest(gradient_of(*made, items) - whole), tolerance);
    // Less memory than the whole network's weights and activations need.
    AdapterInputs inputs = made->inputs;
    inputs.max_memory = 60'000;
    made->adapter = *make_adamerging(files_, inputs);
    EXPECT_GT(made->adapter->pass().segments.size(), 1U);
    for (const std::size_t items : {12U, 5U}) EXPECT_LT(largest(gradient_of(*made, items) - whole), tolerance);
  }
}

TEST_F(GradientTest, Float32IsCloseToFloat64AndTheSameForAnyNumberOfThreads) {
  const auto narrow = setup("granularity: layer, init: 0.4, clamp: false", false);
  const at::Tensor truth = gradient_of(*setup("granularity: layer, init: 0.4, clamp: false", true));
  const at::Tensor found = gradient_of(*narrow);
  EXPECT_LT(largest(found - truth), 1e-4 * largest(truth));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_LT(largest(gradient_of(*narrow) - found), 1e-6 * largest(truth));
  at::set_num_threads(threads);
}

// Behind a transform the task vectors are those that the engine writes.
TEST_F(GradientTest, TransformsComeFirst) {
  const auto plain = setup("granularity: layer, init: 0.4, clamp: false", true);
  const auto all = setup("granularity: layer, init: 0.4, clamp: false", true, "task_vectors: [trim: {density: 1.0}]\n");
  EXPECT_LT(largest(gradient_of(*plain) - gradient_of(*all)), 1e-6);
  ASSERT_TRUE(files_.remove_all(folder_ / "work"));
  const auto few = setup("granularity: layer, init: 0.4, clamp: false", true, "task_vectors: [ties: {density: 0.2}]\n");
  EXPECT_GT(largest(gradient_of(*plain) - gradient_of(*few)), 1e-3);
}

TEST_F(GradientTest, TooLittleMemoryIsAnErrorThatSaysHowMuch) {
  const auto made = setup("granularity: layer", false);
  AdapterInputs inputs = made->inputs;
  inputs.max_memory = 1000;
  const auto failed = make_adamerging(files_, inputs);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, testing::HasSubstr("raise --max-memory"));
}

}  // namespace
}  // namespace wootz
