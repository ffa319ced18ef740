#include "wootz/engine/output/replaceable.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

TEST(OutputPath, IsANameOfItsOwn) {
  const TempDir directory;
  const std::string x = directory / "x";
  std::filesystem::create_directory(x);
  EXPECT_EQ(output_path(x), x);
  for (const char* end : {"/", "//", "/.", "/./", "/y/.."}) EXPECT_EQ(output_path(x + end), x) << end;
  EXPECT_EQ(output_path("x/"), "x");
  EXPECT_EQ(output_path("/"), "/");
  EXPECT_EQ(output_path("."), std::filesystem::current_path().string());
  std::filesystem::create_directory_symlink(x, directory / "link");
  EXPECT_EQ(std::filesystem::path(output_path(directory / "link")), std::filesystem::canonical(x));
}

TEST(CheckOutput, WantsAFreePlaceUnlessItMayOverwriteAModel) {
  const TempDir directory;
  FileSystem& files = posix_file_system();
  const std::string out = directory / "out";
  EXPECT_TRUE(check_output(files, out, false, "", {}));
  std::filesystem::create_directory(out);
  write_file(out + "/config.json", "{}");
  const auto occupied = check_output(files, out, false, "", {});
  ASSERT_FALSE(occupied);
  EXPECT_THAT(occupied.error().message, HasSubstr("is there already"));
  EXPECT_TRUE(check_output(files, out, true, "", {}));
  EXPECT_FALSE(check_output(files, out, true, out + "/recipe.yml", {}));
  EXPECT_FALSE(check_output(files, out, true, "", {out}));
}

}  // namespace
}  // namespace wootz
