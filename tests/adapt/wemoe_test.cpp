// WEMoE: where it starts, its routers' gradients against finite differences, and the directory that comes out.

#include "adapt/adapter_fixture.h"
#include "support/matchers.h"
#include "wootz/adapt/fold.h"
#include "wootz/nn/device.h"
#include "wootz/nn/model.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::largest;

constexpr const char* kStep = "batch_size: 6, batches_per_step: 1";

class WemoeTest : public testing::AdapterFixture {
 protected:
  WemoeTest() { method_ = "wemoe"; }

  std::unique_ptr<Setup> setup(const std::string& parameters, bool wide, const std::string& more = "") {
    return setup_recipe(recipe_text(parameters, kStep, more), wide);
  }

  // The adapter of the same setup with less memory: segment by segment, experts from the files.
  void shrink(Setup& setup) {
    small_ = setup.inputs;
    small_.max_memory = 60'000;
    setup.adapter = *make_adapter(files_, small_);
  }

  static void set_weights_to_zero(Adapter& adapter) {
    for (const LearnedValue& each : adapter.values())
      if (each.name.ends_with("weight")) each.value.zero_();
  }

  // Makes `out` by a few steps and returns the recipe's error, if any.
  std::string learn(const std::string& parameters, const std::string& adapt = "steps: 3, batch_size: 6",
                    const std::string& more = "") {
    AdaptOptions options;
    options.overwrite = true;
    const auto report = run(recipe_text(parameters, adapt, more), "out", options);
    return report ? "" : report.error().message;
  }

  std::string load_error() {
    const auto model = Model::load(files_, folder_ / "out", {});
    return model ? "" : model.error().message;
  }

  Batch images() const {
    Batch batch;
    batch.kind = InputKind::kImage;
    batch.size = 3;
    batch.height = batch.width = 20;
    const auto noise = testing::random_tensor("x", Dtype::kF32, {3, 3, 20, 20}, 3);
    for (const double value : testing::decode_values(Dtype::kF32, noise.bytes))
      batch.pixels.push_back(static_cast<float>(value));
    return batch;
  }

  AdapterInputs small_;
};

TEST_F(WemoeTest, AGpuGivesTheSame) {
  const auto device = open_device("cuda");
  if (!device) GTEST_SKIP() << device.error().message;
  for (const std::string more : {"", "efficient: {keep: 0.3}\n"}) {
    const std::string recipe = recipe_text("modules: all", kStep, more);
    const auto here = setup_recipe(recipe, true), there = setup_recipe(recipe, false, {*device, true});
    std::vector<at::Tensor> truth, found;
    loss_of(*here, truth);
    loss_of(*there, found);
    for (std::size_t i = 0; i < truth.size(); ++i)
      EXPECT_LT(largest(found[i] - truth[i]), 1e-3 * largest(truth[i]) + 1e-9) << here->adapter->values()[i].name;
  }
}

TEST_F(WemoeTest, WithoutWeightsItIsTaskArithmetic) {
  for (const char* modules : {"mlp", "attention", "all"}) {
    for (const bool wide : {true, false}) {
      const auto routed = setup(fmt::format("init: 0.3, modules: {}", modules), wide);
      set_weights_to_zero(*routed->adapter);
      const at::Tensor found = routed->adapter->run(micro_batches_of(*routed))->front();
      method_ = "adamerging";
      const auto plain = setup("init: 0.3, clamp: false", wide);
      method_ = "wemoe";
      const at::Tensor truth = plain->adapter->run(micro_batches_of(*plain))->front();
      // Task vectors are kept in float32.
      EXPECT_LT(largest(found - truth), (wide ? 1e-6 : 1e-5) * largest(truth)) << modules;
    }
  }
}

void expect_finite_differences(const LearnedValue& value, const at::Tensor& gradient,
                               const std::function<double()>& loss) {
  constexpr double kSmall = 1e-5;
  const at::Tensor flat = value.value.view({-1}), expected = gradient.view({-1});
  for (std::int64_t i = 0; i < flat.numel(); i += std::max<std::int64_t>(1, flat.numel() / 7)) {
    const double middle = flat[i].item<double>();
    flat[i] = middle + kSmall;
    const double up = loss();
    flat[i] = middle - kSmall;
    const double down = loss();
    flat[i] = middle;
    ASSERT_NEAR(expected[i].item<double>(), (up - down) / (2 * kSmall), 1e-8 + 1e-5 * largest(gradient))
        << value.name << " " << i;
  }
}

TEST_F(WemoeTest, GradientsAreFiniteDifferences) {
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"router_layers: 2", ""},
      {"router_layers: 1, modules: all", ""},
      {"router_layers: 0, modules: attention", ""},
      {"router_layers: 2, storage: low_rank, rank: 3", ""},
      {"modules: mlp", "efficient: {keep: 0.3, shared_router: true, layer_code: 4}\n"}};
  for (const auto& [parameters, more] : kinds) {
    const auto made = setup(parameters, true, more);
    std::vector<at::Tensor> gradients, ignored;
    loss_of(*made, gradients);
    double most = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      expect_finite_differences(made->adapter->values()[i], gradients[i], [&] { return loss_of(*made, ignored); });
      most = std::max(most, largest(gradients[i]));
    }
    EXPECT_GT(most, 1e-4) << parameters;
  }
}

TEST_F(WemoeTest, MemoryChangesNothing) {
  for (const bool wide : {true, false}) {
    for (const std::string more : {"", "efficient: true\n"}) {
      const auto made = setup("modules: all", wide, more);
      std::vector<at::Tensor> whole, parts;
      loss_of(*made, whole);
      loss_of(*made, parts, 5);
      const double tolerance = wide ? 1e-11 : 1e-4;
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_LT(largest(parts[i] - whole[i]), tolerance * largest(whole[i]) + 1e-12);
      if (!more.empty()) continue;  // experts that are not whole are never let go
      shrink(*made);
      EXPECT_GT(made->adapter->pass().segments.size(), 1U);
      loss_of(*made, parts, 5);
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_LT(largest(parts[i] - whole[i]), tolerance * largest(whole[i]) + 1e-12);
    }
  }
}

TEST_F(WemoeTest, TheDirectoryIsTheModelThatWasLearned) {
  for (const std::string more : {"", "efficient: true\n"}) {
    for (const std::string kind : {"router_layers: 2", "router_layers: 1, storage: low_rank, rank: 4, modules: all"}) {
      if (!more.empty() && kind != "router_layers: 2") continue;
      const std::string parameters = kind;
      ASSERT_EQ(learn(parameters, "steps: 0, batch_size: 6", more), "");
      const auto made = setup_recipe(recipe_text(parameters, kStep, more), false);
      const Batch batch = images();
      std::vector<MicroBatch> micro(1);
      micro[0].input = network_input(batch, at::kCPU);
      micro[0].size = batch.size;
      const at::Tensor truth = made->adapter->run(micro)->front();
      const auto model = Model::load(files_, folder_ / "out", {});
      ASSERT_TRUE(model) << model.error().message;
      ASSERT_TRUE(model->routing());
      EXPECT_EQ(model->routing()->experts.size(), 2U);
      const std::vector<float> features = *model->features(batch);
      const at::Tensor found = at::tensor(features).view(truth.sizes());
      EXPECT_LT(largest(found - truth), 1e-5 * largest(truth)) << kind << more;
      EXPECT_EQ(model->coefficients(batch)->size(), 3 * model->routing()->modules.size() * 2);
    }
  }
}

TEST_F(WemoeTest, LearningGoesDownAndAnyRunEndsTheSame) {
  const std::string adapt = "steps: 40, batch_size: 6, lr: 1.0e-2, preset: fusionbench";
  const auto report = run(recipe_text("router_layers: 2", adapt), "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(report->last_loss, report->first_loss);
  const std::string experts = read("out/experts.safetensors"), config = read("out/config.json");
  ASSERT_EQ(learn("router_layers: 2", adapt), "");
  EXPECT_EQ(read("out/experts.safetensors"), experts);
  EXPECT_EQ(read("out/config.json"), config);
  EXPECT_TRUE(files_.exists(folder_ / "out/modeling_wootz.py"));
}

TEST_F(WemoeTest, FoldingGivesAPlainModel) {
  ASSERT_EQ(learn("router_layers: 0, modules: all", "steps: 3, batch_size: 6, lr: 1.0e-1"), "");
  const auto folded = fold(files_, folder_ / "out", folder_ / "plain", {}, {"constants", false});
  ASSERT_TRUE(folded) << folded.error().message;
  const auto routed = Model::load(files_, folder_ / "out", {}), plain = Model::load(files_, folder_ / "plain", {});
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_FALSE(plain->routing());
  const std::vector<float> truth = *routed->features(images()), found = *plain->features(images());
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(found[i], truth[i], 2e-5);
  const auto again = fold(files_, folder_ / "out", folder_ / "plain", {}, {"constants", false});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("there already"));
}

// With routers that see the input: for one image, the model folded by its own coefficients gives what the routed one
// does.
TEST_F(WemoeTest, FoldingByTheCoefficientsOfAnImageIsExactForIt) {
  ASSERT_EQ(learn("router_layers: 2, modules: all", "steps: 20, batch_size: 6, lr: 3.0e-2"), "");
  const auto routed = Model::load(files_, folder_ / "out", {});
  Batch one = images();
  one.pixels.resize(one.pixels.size() / one.size);
  one.size = 1;
  const std::vector<float> coefficients = *routed->coefficients(one);
  const auto [low, high] = std::minmax_element(coefficients.begin(), coefficients.end());
  EXPECT_GT(*high - *low, 0.05);  // they have been learned, and differ
  ASSERT_TRUE(fold(files_, folder_ / "out", folder_ / "plain", {coefficients.begin(), coefficients.end()}, {}));
  const auto plain = Model::load(files_, folder_ / "plain", {});
  const std::vector<float> truth = *routed->features(one), found = *plain->features(one);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(found[i], truth[i], 2e-5);
  EXPECT_FALSE(files_.exists(folder_ / "plain/modeling_wootz.py"));
}

TEST_F(WemoeTest, RoutedModelsAreNotMerged) {
  ASSERT_EQ(learn("router_layers: 0", "steps: 0, batch_size: 6"), "");
  ParsedRecipe parsed = parse_recipe("merge_method: average\nmodels:\n  - model: out\n  - model: expert1\n",
                                     folder_ / "recipe.yml", builtin_methods());
  const OpenedSources opened = open_sources(files_, parsed.recipe);
  ASSERT_TRUE(opened.diagnostics.has_errors());
  EXPECT_THAT(opened.diagnostics.to_error().message, HasSubstr("wootz fold"));
}

// What float32 kernels give is what float64 does.
TEST_F(WemoeTest, Float32IsCloseToFloat64) {
  for (const std::string more : {"", "efficient: {keep: 0.3}\n"}) {
    const auto narrow = setup("modules: all", false, more), wide = setup("modules: all", true, more);
    std::vector<at::Tensor> found, truth;
    loss_of(*narrow, found);
    loss_of(*wide, truth);
    for (std::size_t i = 0; i < truth.size(); ++i)
      EXPECT_LT(largest(found[i] - truth[i]), 1e-3 * largest(truth[i]) + 1e-9) << narrow->adapter->values()[i].name;
  }
}

TEST_F(WemoeTest, DamagedDirectoriesAreErrors) {
  ASSERT_EQ(learn("router_layers: 1"), "");
  const std::string config = read("out/config.json"), experts = read("out/experts.safetensors");
  const auto with_config = [&](const std::string& from, const std::string& to) {
    std::string text = config;
    text.replace(text.find(from), from.size(), to);
    testing::write_file(folder_ / "out/config.json", text);
    return load_error();
  };
  EXPECT_EQ(with_config("a", "a"), "");
  EXPECT_THAT(with_config("\"expert2\"", "\"expert2\", \"expert3\""), HasSubstr("for 3 experts config.json asks"));
  EXPECT_THAT(with_config("\"router_layers\": 1", "\"router_layers\": 2"), HasSubstr("hidden.weight"));
  EXPECT_THAT(with_config("\"version\": 1", "\"version\": 9"), HasSubstr("this Wootz reads 1"));
  EXPECT_THAT(with_config("\"storage\": \"dense\"", "\"storage\": \"sparse\""), HasSubstr(".mask"));
  EXPECT_THAT(with_config("layers.0.mlp\"", "layers.7.mlp\""), HasSubstr("layers.7.mlp"));
  EXPECT_THAT(with_config("\"id\": \"", "\"id\": \"0"), HasSubstr("holds other experts"));
  testing::write_file(folder_ / "out/config.json", config);
  std::string damaged = experts;
  damaged[damaged.size() - 5] = static_cast<char>(damaged[damaged.size() - 5] ^ 1);
  testing::write_file(folder_ / "out/experts.safetensors", damaged);
  EXPECT_THAT(load_error(), HasSubstr("a damaged one"));
  ASSERT_TRUE(files_.remove_all(folder_ / "out/experts.safetensors"));
  EXPECT_THAT(load_error(), HasSubstr("experts.safetensors: not there"));
}

TEST_F(WemoeTest, SettingsThatDoNotGoTogetherAreErrors) {
  EXPECT_THROW(plan(recipe_text("layer_code: 8", kStep)), std::runtime_error);
  EXPECT_THROW(plan(recipe_text("shared_router: true, layer_code: 3", kStep)), std::runtime_error);
  EXPECT_THROW(plan(recipe_text("keep: 0.2", kStep, "efficient: {keep: 0.3}\n")), std::runtime_error);
  EXPECT_THROW(plan(recipe_text("init: 0.3", "batch_size: 6, groups: [mlp]")), std::runtime_error);
  method_ = "adamerging";
  EXPECT_THROW(plan(recipe_text("init: 0.3", kStep, "efficient: true\n")), std::runtime_error);
}

}  // namespace
}  // namespace wootz
