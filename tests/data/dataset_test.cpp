#include "wootz/data/dataset.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::HasSubstr;

TEST(DatasetTest, FormatsAreListedByName) {
  std::vector<std::string> names;
  for (const DataFormat& format : data_formats()) {
    names.push_back(format.name);
    EXPECT_FALSE(format.summary.empty()) << format.name;
  }
  EXPECT_THAT(names, testing::ElementsAre("cifar", "idx", "imagefolder", "parquet", "text"));
}

TEST(DatasetTest, AnUnknownFormatIsAnswered) {
  const auto opened = open_dataset(posix_file_system(), {"imagefoldr", "/nowhere", "test", {}, {}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(opened.error().message, "unknown data format 'imagefoldr' (did you mean 'imagefolder'?)");
}

TEST(DatasetTest, AnUnknownOptionIsAnswered) {
  auto opened = open_dataset(posix_file_system(), {"parquet", "/nowhere", "test", {{"image_colum", "x"}}, {}});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("did you mean 'image_column'?"));
  opened = open_dataset(posix_file_system(), {"idx", "/nowhere", "test", {{"labels", "fine"}}, {}});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("it takes none"));
}

}  // namespace
}  // namespace wootz
