#include "wootz/io/file.h"

#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/fault_file.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::read_file;
using testing::TempDir;
using testing::write_file;
using Kind = Operation::Kind;

TEST(Paths, Join) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path("a", "/b"), "/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
}

TEST(Paths, Split) {
  EXPECT_EQ(file_name("a/b/c.txt"), "c.txt");
  EXPECT_EQ(parent_path("a/b/c.txt"), "a/b");
  EXPECT_EQ(file_name("c.txt"), "c.txt");
  EXPECT_EQ(parent_path("c.txt"), ".");
  EXPECT_EQ(file_name("a/b/"), "b");
  EXPECT_EQ(parent_path("a/b/"), "a");
  EXPECT_EQ(parent_path("a//b"), "a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(file_name("/"), "/");
  EXPECT_EQ(parent_path("/"), "/");
}

TEST(ReadText, RefusesLargeFiles) {
  const TempDir directory;
  write_file(directory / "a", "12345");
  EXPECT_EQ(read_text(posix_file_system(), directory / "a", 5).value(), "12345");
  const auto refused = read_text(posix_file_system(), directory / "a", 4);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("5 bytes, at most 4"));
}

TEST(CopyFile, CopiesAcrossChunks) {
  const TempDir directory;
  std::string content((std::size_t{2} << 20) + 17, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 256);
  for (const std::string& text : {content, std::string("short"), std::string()}) {
    write_file(directory / "from", text);
    ASSERT_TRUE(copy_file(posix_file_system(), directory / "from", directory / "to"));
    EXPECT_EQ(read_file(directory / "to"), text);
  }
}

// Whatever fails on the way, the file keeps its old content.
TEST(WriteTextAtomically, OldOrNew) {
  const TempDir directory;
  const std::string path = directory / "file";
  ASSERT_TRUE(write_text_atomically(posix_file_system(), path, "old content"));
  for (const Kind failing : {Kind::kAllocate, Kind::kWrite, Kind::kSync, Kind::kRename}) {
    const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) {
      const bool directory_sync = operation.kind == Kind::kSync && operation.path == directory.path();
      return operation.kind == failing && !directory_sync ? std::optional(Fault::kWriteError) : std::nullopt;
    });
    EXPECT_FALSE(write_text_atomically(*files, path, "new"));
    EXPECT_EQ(read_file(path), "old content");
  }
  // What those attempts left behind does not hinder the next one.
  ASSERT_TRUE(write_text_atomically(posix_file_system(), path, "new"));
  EXPECT_EQ(read_file(path), "new");
  EXPECT_THAT(posix_file_system().list(directory.path()).value(), ElementsAre("file"));
}

// Another writer of the same text renames the temporary file while this one is about to.
TEST(WriteTextAtomically, TheSameTextAtTheSameTime) {
  const TempDir directory;
  const std::string path = directory / "file";
  const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) {
    const bool first = operation.kind != Kind::kRename || posix_file_system().rename(path + ".tmp", path).has_value();
    EXPECT_TRUE(first);
    return std::optional<Fault>();
  });
  EXPECT_TRUE(write_text_atomically(*files, path, "text"));
  EXPECT_EQ(read_file(path), "text");
}

}  // namespace
}  // namespace wootz
