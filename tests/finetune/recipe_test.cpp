#include "wootz/finetune/recipe.h"

#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::HasSubstr;

class FinetuneRecipeTest : public ::testing::Test {
 protected:
  Result<FinetuneRecipe> load(const std::string& text) {
    testing::write_file(folder_ / "base/config.json", "{}");
    testing::write_file(folder_ / "recipe.yml", text);
    return load_finetune_recipe(posix_file_system(), folder_ / "recipe.yml");
  }
  std::string error_of(const std::string& text) {
    const auto recipe = load(text);
    return recipe ? "" : recipe.error().message;
  }

  testing::TempDir folder_;
};

TEST_F(FinetuneRecipeTest, ReadsEverything) {
  const auto recipe = load(R"(
base_model: base
tasks: tasks.yml
task: mnist
method: lora
lora: {rank: 4, alpha: 8, target_modules: [q_proj, fc1]}
freeze: [embeddings]
train:
  split: rest
  steps: 50
  batch_size: 7
  learning_rate: 1e-3
  warmup_steps: 5
  schedule: constant
  weight_decay: 0
  label_smoothing: 0.1
  max_gradient_norm: 1
  augment: {shift: 2, flip: true}
  precision: bfloat16
  seed: 3
  checkpoint_steps: 0
)");
  ASSERT_TRUE(recipe) << recipe.error().message;
  EXPECT_EQ(recipe->base_model, folder_ / "base");
  EXPECT_EQ(recipe->tasks, folder_ / "tasks.yml");
  EXPECT_EQ(recipe->task, "mnist");
  ASSERT_TRUE(recipe->lora);
  EXPECT_EQ(recipe->lora->rank, 4U);
  EXPECT_EQ(recipe->lora->alpha, 8.0);
  EXPECT_THAT(recipe->lora->targets, testing::ElementsAre("q_proj", "fc1"));
  EXPECT_THAT(recipe->freeze, testing::ElementsAre("embeddings"));
  EXPECT_EQ(recipe->split, "rest");
  EXPECT_EQ(recipe->steps, 50U);
  EXPECT_EQ(recipe->batch_size, 7U);
  EXPECT_EQ(recipe->learning_rate, 1e-3);
  EXPECT_EQ(recipe->schedule, FinetuneRecipe::Schedule::kConstant);
  EXPECT_EQ(recipe->augmentation.shift, 2);
  EXPECT_TRUE(recipe->augmentation.flip);
  EXPECT_EQ(recipe->precision, Precision::kBFloat16);
  EXPECT_EQ(recipe->seed, 3U);
  EXPECT_EQ(recipe->checkpoint_steps, 0U);
}

TEST_F(FinetuneRecipeTest, ReportsAllErrorsWithTheirPlaces) {
  const std::string error = error_of("base_model: base\ntrain: {batch_size: 0, learning_rat: 1}\nlora: {rank: 2}\n");
  EXPECT_THAT(error, HasSubstr("recipe.yml:2:21: error: 'batch_size' must be a whole number"));
  EXPECT_THAT(error, HasSubstr("unknown key 'learning_rat' in 'train' (did you mean 'learning_rate'?)"));
  EXPECT_THAT(error, HasSubstr("a fine-tuning recipe needs 'tasks'"));
  EXPECT_THAT(error, HasSubstr("'lora' is for 'method: lora'"));
}

TEST_F(FinetuneRecipeTest, SaysWhatAnEmptyFileNeeds) {
  EXPECT_THAT(error_of(""), HasSubstr("the fine-tuning recipe is empty: it needs 'base_model' and 'tasks'"));
  EXPECT_THAT(error_of("- base"), HasSubstr("recipe.yml:1:1: error: the fine-tuning recipe must be a mapping"));
}

TEST_F(FinetuneRecipeTest, NamesAMissingBase) {
  EXPECT_THAT(error_of("base_model: nowhere\ntasks: t.yml\n"), HasSubstr("nowhere"));
}

TEST(LearningRate, WarmsUpAndFallsAlongACosine) {
  FinetuneRecipe recipe;
  recipe.learning_rate = 1.0;
  recipe.warmup_steps = 4;
  EXPECT_DOUBLE_EQ(learning_rate_at(recipe, 0, 14), 0.25);
  EXPECT_DOUBLE_EQ(learning_rate_at(recipe, 3, 14), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(recipe, 4, 14), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(recipe, 9, 14), 0.5);
  EXPECT_GT(learning_rate_at(recipe, 13, 14), 0.0);
  recipe.schedule = FinetuneRecipe::Schedule::kConstant;
  EXPECT_DOUBLE_EQ(learning_rate_at(recipe, 13, 14), 1.0);
}

}  // namespace
}  // namespace wootz
