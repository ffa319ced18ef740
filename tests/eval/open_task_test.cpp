#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/eval/evaluate.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

// Two classes of texts, a head for features of 4 numbers.
class OpenTaskFor : public ::testing::Test {
 protected:
  OpenTaskFor() {
    task_.name = "mood";
    task_.data.format = "text";
    task_.data.path = directory_ / "data";
    task_.head = directory_ / "head.safetensors";
    write_file(directory_ / "data/test.tsv", "1\tgood\n0\tbad\n");
    write_file(directory_ / "data/classes.txt", "no\nyes\n");
    write_head(2, 4);
    model_.architecture = "bert";
    model_.input = InputKind::kText;
    model_.feature_size = 4;
    model_.max_tokens = 64;
    model_.directory = "models/m";
  }
  void write_head(std::size_t classes, std::size_t features) {
    testing::write_safetensors(task_.head,
                               std::vector{testing::random_tensor("weight", Dtype::kF32, {classes, features}, 1)});
  }
  Result<OpenTask> open(const std::string& split = "") {
    return open_task_for(posix_file_system(), task_, model_, split);
  }
  std::string error(ErrorKind kind, const std::string& split = "") {
    const auto opened = open(split);
    if (opened) return "";
    EXPECT_EQ(opened.error().kind, kind) << opened.error().message;
    return opened.error().message;
  }

  TempDir directory_;
  Task task_;
  ModelInfo model_;
};

TEST_F(OpenTaskFor, OpensWhatFits) {
  const auto open_task = open();
  ASSERT_TRUE(open_task.has_value()) << open_task.error().message;
  EXPECT_EQ(open_task->classes, 2u);
  EXPECT_EQ(open_task->class_names.size(), 2u);
  EXPECT_EQ(open_task->split, "test");
  EXPECT_EQ(open_task->head->feature_size, 4u);
  EXPECT_EQ(open_task->data->size(), 2u);
}

TEST_F(OpenTaskFor, TakesTheModelsOwnClassifier) {
  task_.head.clear();
  EXPECT_THAT(error(ErrorKind::kUsage), HasSubstr("task 'mood' has no 'head', and the model 'models/m' has no"));
  model_.classes = 2;
  EXPECT_FALSE(open()->head.has_value());
  model_.classes = 3;
  EXPECT_THAT(error(ErrorKind::kIncompatible),
              HasSubstr("the classifier of 'models/m' tells 3 classes apart, but 2 are named by the data in"));
}

TEST_F(OpenTaskFor, RefusesAHeadThatDoesNotFit) {
  write_head(2, 8);
  EXPECT_THAT(error(ErrorKind::kIncompatible),
              HasSubstr("head.safetensors' is for features of 8 numbers, but the model 'models/m' has 4"));
  write_head(3, 4);
  EXPECT_THAT(error(ErrorKind::kIncompatible), HasSubstr("head.safetensors' tells 3 classes apart, but 2 are named"));
  task_.data.class_names = {"no", "yes", "maybe", "never"};
  EXPECT_THAT(error(ErrorKind::kIncompatible), HasSubstr("but 4 are named under 'classes' in the task catalogue"));
  task_.head = directory_ / "none.safetensors";
  EXPECT_THAT(error(ErrorKind::kInput), HasSubstr("none.safetensors'; 'wootz heads' makes one"));
}

TEST_F(OpenTaskFor, RefusesLabelsWithoutAClass) {
  write_file(directory_ / "nameless/test.tsv", "1\tgood\n2\tbad\n");
  task_.data.path = directory_ / "nameless";
  EXPECT_THAT(error(ErrorKind::kIncompatible), HasSubstr("test.tsv:2: label 2, but the head"));
}

TEST_F(OpenTaskFor, RefusesDataOfAnotherKind) {
  model_.input = InputKind::kImage;
  model_.architecture = "clip_vision";
  EXPECT_THAT(error(ErrorKind::kIncompatible),
              HasSubstr("has texts ('" + (directory_ / "data") + "'), but the model 'models/m' (clip_vision) takes"));
}

TEST_F(OpenTaskFor, RefusesASplitThatIsNotThere) {
  EXPECT_THAT(error(ErrorKind::kInput, "dev"), HasSubstr("task 'mood': "));
  EXPECT_THAT(error(ErrorKind::kInput, "dev"), HasSubstr("no split 'dev' there"));
}

TEST_F(OpenTaskFor, CorruptionsAreForImages) {
  const auto encoder = encoder_for(posix_file_system(), model_, task_, Corruption{});
  ASSERT_FALSE(encoder.has_value());
  EXPECT_THAT(encoder.error().message, HasSubstr("corruptions are for images"));
}

TEST_F(OpenTaskFor, EncodingsAreToldApartByContent) {
  const auto key = [&] { return encoding_key(posix_file_system(), model_, task_).value(); };
  model_.directory = directory_ / "a";
  write_file(directory_ / "a/vocab.txt", "x\n");
  write_file(directory_ / "b/vocab.txt", "x\n");
  const std::string first = key();
  model_.directory = directory_ / "b";
  EXPECT_EQ(key(), first);
  task_.max_tokens = 100;  // more than the model takes
  EXPECT_EQ(key(), first);
  task_.max_tokens = 10;
  EXPECT_NE(key(), first);
  task_.max_tokens = 0;
  write_file(directory_ / "b/vocab.txt", "y\n");
  EXPECT_NE(key(), first);
}

TEST(BatchCache, KeepsToItsBudget) {
  BatchCache cache(1000);
  EXPECT_TRUE(cache.reserve(600));
  EXPECT_FALSE(cache.reserve(600));
  cache.release(600);
  EXPECT_TRUE(cache.reserve(1000));
  EXPECT_EQ(cache.find("a"), nullptr);
  CachedBatches kept;
  kept.batches.resize(2);
  cache.insert("a", std::move(kept));
  EXPECT_EQ(cache.find("a")->batches.size(), 2u);
}

}  // namespace
}  // namespace wootz
