// The heads of the zoo, which PyTorch made from the same model and images.
#include <gtest/gtest.h>

#include <cstdlib>

#include "wootz/eval/heads.h"

namespace wootz {
namespace {

class ZooHeadsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ZooHeadsTest, ComeOutTheSame) {
  const char* zoo = std::getenv("WOOTZ_ZOO");
  if (zoo == nullptr || !posix_file_system().is_directory(join_path(zoo, "models/base")))
    GTEST_SKIP() << "WOOTZ_ZOO names no zoo";
  FileSystem& files = posix_file_system();
  const auto model = Model::load(files, join_path(zoo, "models/base"), {});
  ASSERT_TRUE(model) << model.error().message;
  Task task;
  task.name = GetParam();
  task.data.format = "idx";
  task.data.path = join_path(zoo, std::string("data/") + GetParam());
  const auto data = open_task(files, task, "train");
  ASSERT_TRUE(data) << data.error().message;
  const auto encoder = encoder_for(files, model->info(), task, {});
  ASSERT_TRUE(encoder) << encoder.error().message;

  const auto made = prototype_head(*model, **data, **encoder, {}, {});
  ASSERT_TRUE(made) << made.error().message;
  const auto expected = load_head(files, join_path(zoo, std::string("heads/") + GetParam() + ".safetensors"));
  ASSERT_TRUE(expected) << expected.error().message;
  ASSERT_EQ(made->classes, expected->classes);
  ASSERT_EQ(made->feature_size, expected->feature_size);
  EXPECT_EQ(made->logit_scale, expected->logit_scale);
  double largest = 0;
  for (std::size_t i = 0; i < made->weight.size(); ++i)
    largest = std::max(largest, std::abs(double{made->weight[i]} - double{expected->weight[i]}));
  EXPECT_LT(largest, 1e-4);
  RecordProperty("largest_difference", fmt::format("{}", largest));
}

INSTANTIATE_TEST_SUITE_P(All, ZooHeadsTest,
                         ::testing::Values("mnist", "fashion-mnist", "eurosat", "gtsrb", "resisc12", "cifar10",
                                           "kannada", "textures"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace wootz
