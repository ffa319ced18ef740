#include "wootz/eval/save_logits.h"

#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"

namespace wootz {
namespace {

using testing::ElementsAre;

TEST(SaveLogits, WritesSafetensors) {
  const testing::TempDir directory;
  const std::string path = directory / "new/folder/mnist.safetensors";
  Evaluation evaluation;
  evaluation.logits = {1, 2, 3, 4, 5, 6};
  evaluation.labels = {2, 0};
  ASSERT_TRUE(save_logits(posix_file_system(), path, evaluation, 3, {{"task", "mnist"}}).has_value());
  const auto tensors = testing::read_checkpoint(path);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors.at("logits").dtype, Dtype::kF32);
  EXPECT_EQ(tensors.at("logits").shape, (Shape{2, 3}));
  EXPECT_EQ(tensors.at("labels").dtype, Dtype::kI64);
  EXPECT_THAT(testing::read_tensor(path, "logits"), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(testing::read_tensor(path, "labels"), ElementsAre(2, 0));
  EXPECT_FALSE(posix_file_system().exists(path + ".tmp"));
}

}  // namespace
}  // namespace wootz
