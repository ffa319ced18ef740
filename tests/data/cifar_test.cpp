#include <gtest/gtest.h>

#include "data_testing.h"
#include "support/matchers.h"
#include "support/temp_dir.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::opening_error;
using testing::TempDir;
using testing::write_file;

// A record whose planes are red, green and blue of one value each.
std::string record(const std::string& labels, char red, char green, char blue) {
  return labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

std::string one(char label) { return std::string(1, label); }

TEST(CifarTest, Cifar10HasSeveralTrainingFiles) {
  const TempDir directory;
  write_file(directory / "data_batch_1.bin", record({3}, 1, 2, 3) + record({9}, 4, 5, 6));
  write_file(directory / "data_batch_2.bin", record({0}, 7, 8, 9));
  write_file(directory / "test_batch.bin", record({7}, 1, 1, 1));
  const auto train = testing::open_or_throw({"cifar", directory.path(), "train", {}, {}});
  ASSERT_EQ(train->size(), 3u);
  EXPECT_EQ(train->label(1), 9);
  EXPECT_EQ(train->label(2), 0);
  EXPECT_EQ(train->place(2), directory / "data_batch_2.bin, image 0");
  const Image image = train->image(1).value();
  EXPECT_EQ(image.width, 32);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) ASSERT_EQ(image.pixels[i], 4 + i % 3);
  EXPECT_EQ(testing::open_or_throw({"cifar", directory.path(), "test", {}, {}})->label(0), 7);
  EXPECT_THAT(opening_error({"cifar", directory.path(), "test", {{"labels", "coarse"}}, {}}),
              HasSubstr("this is CIFAR-10, which has no coarse labels"));
}

TEST(CifarTest, Cifar100HasTwoKindsOfLabels) {
  const TempDir directory;
  write_file(directory / "train.bin", record({19, 99}, 1, 2, 3));
  EXPECT_EQ(testing::open_or_throw({"cifar", directory.path(), "train", {}, {}})->label(0), 99);
  EXPECT_EQ(testing::open_or_throw({"cifar", directory.path(), "train", {{"labels", "fine"}}, {}})->label(0), 99);
  std::string names;
  for (int i = 0; i < 20; ++i) names += "class " + std::to_string(i) + "\r\n";
  write_file(directory / "coarse_label_names.txt", names + "\n");
  const auto coarse = testing::open_or_throw({"cifar", directory.path(), "train", {{"labels", "coarse"}}, {}});
  EXPECT_EQ(coarse->label(0), 19);
  EXPECT_EQ(coarse->class_names().size(), 20u);
  EXPECT_EQ(coarse->class_names()[19], "class 19");
  EXPECT_THAT(opening_error({"cifar", directory.path(), "train", {{"labels", "both"}}, {}}),
              HasSubstr("it is fine or coarse"));
}

TEST(CifarTest, MissingSplitsAreNamed) {
  const TempDir directory;
  EXPECT_THAT(opening_error({"cifar", directory / "none", "test", {}, {}}), HasSubstr("no such directory"));
  EXPECT_THAT(opening_error({"cifar", directory.path(), "train", {}, {}}),
              HasSubstr("no split 'train' there: looked for data_batch_*.bin (CIFAR-10) and train.bin (CIFAR-100)"));
  EXPECT_THAT(opening_error({"cifar", directory.path(), "dev", {}, {}}), HasSubstr("no split 'dev'"));
}

TEST(CifarTest, DamagedFilesAreErrors) {
  const TempDir directory;
  const DataSpec spec = {"cifar", directory.path(), "test", {}, {}};
  const std::string path = directory / "test_batch.bin";
  write_file(path, "");
  EXPECT_THAT(opening_error(spec), HasSubstr("holds no images"));
  write_file(path, record(one(1), 1, 2, 3) + record(one(10), 1, 2, 3));
  EXPECT_THAT(opening_error(spec), HasSubstr("test_batch.bin, image 1: damaged: label 10, where 9 is the last"));
  const std::string whole = record(one(1), 1, 2, 3);
  for (std::size_t size = 1; size < whole.size(); size += 61) {
    write_file(path, whole.substr(0, size));
    EXPECT_THAT(opening_error(spec), HasSubstr("truncated")) << size;
  }
  write_file(path, whole);
  write_file(directory / "batches.meta.txt", "one\ntwo\n");
  EXPECT_THAT(opening_error(spec), HasSubstr("batches.meta.txt: 2 class names, where 10 belong"));
}

}  // namespace
}  // namespace wootz
