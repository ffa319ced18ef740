#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/nn/head.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::make_tensor;
using testing::TempDir;
using testing::TestTensor;

class HeadFile : public ::testing::Test {
 protected:
  Result<Head> load(const std::vector<TestTensor>& tensors, const std::map<std::string, std::string>& metadata = {}) {
    testing::write_safetensors(path_, tensors, metadata);
    return load_head(posix_file_system(), path_);
  }
  std::string error(const std::vector<TestTensor>& tensors, const std::map<std::string, std::string>& metadata = {}) {
    const auto head = load(tensors, metadata);
    EXPECT_EQ(head ? ErrorKind::kFailed : head.error().kind, ErrorKind::kInput);
    return head ? "" : head.error().message;
  }
  TempDir directory_;
  const std::string path_ = directory_ / "head.safetensors";
};

TEST_F(HeadFile, OfEveryFloatingType) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBF16, Dtype::kF64}) {
    const auto head = load(
        {make_tensor("weight", dtype, {2, 3}, {1, -2, 0.5, 4, 0, -0.125}), make_tensor("bias", dtype, {2}, {1.5, -1})},
        {{"logit_scale", "25"}, {"normalize", "false"}, {"task", "mnist"}});
    ASSERT_TRUE(head.has_value()) << head.error().message;
    EXPECT_EQ(head->classes, 2u);
    EXPECT_EQ(head->feature_size, 3u);
    EXPECT_THAT(head->weight, ElementsAre(1, -2, 0.5f, 4, 0, -0.125f));
    EXPECT_THAT(head->bias, ElementsAre(1.5f, -1));
    EXPECT_EQ(head->logit_scale, 25.0);
    EXPECT_FALSE(head->normalize);
    EXPECT_EQ(head->metadata.at("task"), "mnist");
  }
}

TEST_F(HeadFile, HasClipsScaleWithoutMetadata) {
  const auto head = load({make_tensor("weight", Dtype::kF32, {1, 1}, {1})});
  EXPECT_EQ(head->logit_scale, 100.0);
  EXPECT_TRUE(head->normalize);
  EXPECT_TRUE(head->bias.empty());
}

TEST_F(HeadFile, IsReadAsItWasSaved) {
  Head head;
  head.classes = 2;
  head.feature_size = 2;
  head.weight = {0.1f, 0.2f, 0.3f, 0.4f};
  head.bias = {1, 2};
  head.logit_scale = 14.285714285714286;
  head.normalize = false;
  head.metadata = {{"logit_scale", "an old one"}, {"classes", "a\nb"}};
  ASSERT_TRUE(save_head(posix_file_system(), head, path_).has_value());
  const auto read = load_head(posix_file_system(), path_);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->weight, head.weight);
  EXPECT_EQ(read->bias, head.bias);
  EXPECT_EQ(read->logit_scale, head.logit_scale);
  EXPECT_FALSE(read->normalize);
  EXPECT_EQ(read->metadata.at("classes"), "a\nb");
}

TEST_F(HeadFile, WrongFilesAreNamed) {
  EXPECT_THAT(error({make_tensor("weigth", Dtype::kF32, {1, 1}, {1})}),
              HasSubstr("head.safetensors': no tensor \"weight\""));
  EXPECT_THAT(error({make_tensor("weight", Dtype::kF32, {4}, {1, 2, 3, 4})}), HasSubstr("has the shape [4]"));
  EXPECT_THAT(error({make_tensor("weight", Dtype::kI64, {1, 1}, {1})}), HasSubstr("\"weight\" is I64"));
  EXPECT_THAT(error({make_tensor("weight", Dtype::kF32, {2, 1}, {1, 2}), make_tensor("bias", Dtype::kF32, {1}, {1})}),
              HasSubstr("\"bias\" has the shape [1], but \"weight\" has 2 rows"));
  EXPECT_THAT(error({make_tensor("weight", Dtype::kF32, {1, 2}, {1, std::nan("")})}),
              HasSubstr("not a finite number (element 1)"));
  const std::vector<TestTensor> good = {make_tensor("weight", Dtype::kF32, {1, 1}, {1})};
  EXPECT_THAT(error(good, {{"logit_scale", "25x"}}), HasSubstr("\"logit_scale\" is '25x', not a positive number"));
  EXPECT_THAT(error(good, {{"logit_scale", "0"}}), HasSubstr("not a positive number"));
  EXPECT_THAT(error(good, {{"normalize", "yes"}}), HasSubstr("\"normalize\" is 'yes', not true or false"));
  testing::write_file(path_, "not a head");
  EXPECT_THAT(load_head(posix_file_system(), path_).error().message, HasSubstr("head.safetensors"));
}

}  // namespace
}  // namespace wootz
