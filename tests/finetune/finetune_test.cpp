// Whole runs on a tiny tower and images that are told apart by their brightness.
#include "wootz/finetune/finetune.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "support/brightness_images.h"
#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/core/rng.h"
#include "wootz/nn/model.h"

namespace wootz {
namespace {

using testing::HasSubstr;

constexpr std::size_t kItems = 24, kClasses = 3, kSide = 20;

class FinetuneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_brightness_images(folder_ / "data", {kItems, kClasses, kSide, 1});
    const std::vector<testing::TestTensor> head = {testing::random_tensor("weight", Dtype::kF32, {kClasses, 12}, 5)};
    testing::write_safetensors(folder_ / "head.safetensors", head, {{"logit_scale", "5"}});
    testing::write_file(folder_ / "tasks.yml",
                        "tasks:\n  - {name: light, data: {format: idx, path: data, split: train}, head: "
                        "head.safetensors}\n");
  }

  FinetuneRecipe recipe(const std::string& more) {
    testing::write_file(folder_ / "recipe.yml",
                        "base_model: " + model("clip_vision") + "\ntasks: tasks.yml\ntask: light\n" + more);
    auto loaded = load_finetune_recipe(posix_file_system(), folder_ / "recipe.yml");
    if (!loaded) throw std::runtime_error(loaded.error().message);
    return *loaded;
  }

  Result<FinetuneReport> run(const std::string& more, const std::string& out, const FinetuneOptions& options = {}) {
    return finetune(posix_file_system(), recipe(more), folder_ / out, options);
  }

  static std::string model(const std::string& name) { return std::string(WOOTZ_NN_MODELS) + "/" + name; }
  std::string weights(const std::string& out) { return testing::read_file(folder_ / out + "/model.safetensors"); }

  testing::TempDir folder_;
};

constexpr const char* kTrain =
    "train: {steps: 40, batch_size: 8, learning_rate: 5e-3, augment: {shift: 1, flip: true}}";

TEST_F(FinetuneTest, LearnsAndWritesAModelThatLoads) {
  const auto report = run(kTrain, "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->steps, 40U);
  EXPECT_LT(report->last_loss, 0.5 * report->first_loss);
  EXPECT_GT(report->relative_change, 0.0);
  ASSERT_TRUE(Model::load(posix_file_system(), folder_ / "out", {}));
  const auto base = testing::read_checkpoint(model("clip_vision"));
  const auto trained = testing::read_checkpoint(folder_ / "out");
  ASSERT_EQ(base.size(), trained.size());
  for (const auto& [name, tensor] : base) {
    EXPECT_EQ(tensor.dtype, trained.at(name).dtype);
    const bool frozen = name == "visual_projection.weight";
    if (frozen || name.ends_with("fc1.weight")) {
      EXPECT_EQ(tensor.bytes == trained.at(name).bytes, frozen) << name;
    }
  }
  EXPECT_TRUE(posix_file_system().exists(folder_ / "out/config.json"));
  EXPECT_FALSE(posix_file_system().exists(folder_ / "out.wootz-partial"));
  const std::string log = testing::read_file(folder_ / "out/wootz-finetune.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 40);
}

TEST_F(FinetuneTest, TheSameRunGivesTheSameBytes) {
  ASSERT_TRUE(run(kTrain, "one"));
  FinetuneOptions options;
  options.loader_threads = 3;
  ASSERT_TRUE(run(kTrain, "two", options));
  EXPECT_EQ(weights("one"), weights("two"));
}

TEST_F(FinetuneTest, AnInterruptedRunGoesOnAndEndsWithTheSameBytes) {
  const std::string more =
      "train: {steps: 25, batch_size: 5, learning_rate: 5e-3, checkpoint_steps: 4, augment: {flip: true}}";
  ASSERT_TRUE(run(more, "whole"));
  FinetuneOptions options;
  options.progress = [](const FinetuneProgress& at) {
    if (at.step == 10) throw std::runtime_error("killed");
  };
  EXPECT_THROW(std::ignore = run(more, "parts", options), std::runtime_error);
  EXPECT_FALSE(posix_file_system().exists(folder_ / "parts"));
  const auto report = run(more, "parts");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->resumed_at, 8U);
  EXPECT_EQ(weights("whole"), weights("parts"));
}

TEST_F(FinetuneTest, AnUnfinishedRunOfAnotherRecipeIsKeptUnlessOverwritten) {
  FinetuneOptions options;
  options.progress = [](const FinetuneProgress& at) {
    if (at.step == 10) throw std::runtime_error("killed");
  };
  EXPECT_THROW(std::ignore = run("train: {steps: 20, checkpoint_steps: 5}", "out", options), std::runtime_error);
  const auto refused = run("train: {steps: 21, checkpoint_steps: 5}", "out");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("throw it away with --overwrite"));
  options = {};
  options.overwrite = true;
  const auto report = run("train: {steps: 21, checkpoint_steps: 5}", "out", options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->discarded_other);
  EXPECT_EQ(report->resumed_at, 0U);
}

TEST_F(FinetuneTest, AnUnfinishedRunWithAnotherHeadIsAnotherRun) {
  const std::string more = "train: {steps: 20, checkpoint_steps: 5}";
  FinetuneOptions options;
  options.progress = [](const FinetuneProgress& at) {
    if (at.step == 10) throw std::runtime_error("killed");
  };
  EXPECT_THROW(std::ignore = run(more, "out/", options), std::runtime_error);
  const std::vector<testing::TestTensor> head = {testing::random_tensor("weight", Dtype::kF32, {kClasses, 12}, 6)};
  testing::write_safetensors(folder_ / "head.safetensors", head, {{"logit_scale", "5"}});
  options = {};
  options.overwrite = true;
  const auto report = run(more, "out/", options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->discarded_other);
  EXPECT_TRUE(posix_file_system().exists(folder_ / "out/model.safetensors"));
}

TEST_F(FinetuneTest, LoraTrainsAdaptersOnly) {
  const std::string lora = "method: lora\nlora: {rank: 2, alpha: 4, target_modules: [q_proj, v_proj]}\n";
  const auto report = run(lora + kTrain, "adapter");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->trained, 2U * 2U * 2U * (2U * 16U));  // layers x maps x (A, B) x rank x width
  EXPECT_LT(report->last_loss, report->first_loss);
  const auto tensors = testing::read_checkpoint(folder_ / "adapter/adapter_model.safetensors");
  EXPECT_EQ(tensors.size(), 8U);
  EXPECT_TRUE(tensors.contains("base_model.model.vision_model.encoder.layers.1.self_attn.v_proj.lora_B.weight"));
  EXPECT_THAT(testing::read_file(folder_ / "adapter/adapter_config.json"), HasSubstr("\"r\": 2"));
}

TEST_F(FinetuneTest, Bfloat16Learns) {
  const auto report = run("train: {steps: 40, batch_size: 8, learning_rate: 5e-3, precision: bfloat16}", "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(report->last_loss, 0.6 * report->first_loss);
}

TEST_F(FinetuneTest, ErrorsSayWhatToDo) {
  const auto error_of = [&](const std::string& more, const std::string& out) {
    const auto report = run(more, out);
    return report ? "" : report.error().message;
  };
  EXPECT_THAT(error_of("method: lora\nlora: {target_modules: [q_prj]}\n", "out"), HasSubstr("is named 'q_prj'"));
  EXPECT_THAT(error_of("freeze: ['']\n", "out"), HasSubstr("'freeze' leaves no parameter to train"));
  EXPECT_THAT(error_of("train: {steps: 30, learning_rate: 1e30}\n", "out"), HasSubstr("lower 'learning_rate'"));
  EXPECT_THAT(error_of("train: {split: nowhere}\n", "out"), HasSubstr("nowhere"));
  testing::write_file(folder_ / "there/x", "");
  EXPECT_THAT(error_of(kTrain, "there"), HasSubstr("is there already"));
  FinetuneOptions overwrite;
  overwrite.overwrite = true;
  const auto folder = run(kTrain, "there", overwrite);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr("holds other things than a model"));
  EXPECT_TRUE(posix_file_system().exists(folder_ / "there/x"));
}

}  // namespace
}  // namespace wootz
