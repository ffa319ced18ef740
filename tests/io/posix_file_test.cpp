#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/file.h"

namespace wootz {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::read_file;
using testing::TempDir;
using testing::write_file;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class PosixFile : public ::testing::Test {
 protected:
  const TempDir directory_;
  FileSystem& files_ = posix_file_system();
};

TEST_F(PosixFile, ReadsRanges) {
  write_file(directory_ / "a", "0123456789");
  const auto file = files_.open(directory_ / "a").value();
  EXPECT_EQ(file->size(), 10u);
  EXPECT_EQ(file->path(), directory_ / "a");
  struct stat status {};
  ASSERT_EQ(::stat((directory_ / "a").c_str(), &status), 0);
  EXPECT_EQ(file->modified() / 1'000'000'000, status.st_mtim.tv_sec);
  std::string out(4, '.');
  file->prefetch(0, 10);
  ASSERT_TRUE(file->read_at(3, std::as_writable_bytes(std::span(out))));
  EXPECT_EQ(out, "3456");
}

TEST_F(PosixFile, AFileThatShrinksIsDamagedInput) {
  write_file(directory_ / "a", "0123456789");
  const auto file = files_.open(directory_ / "a").value();
  std::filesystem::resize_file(directory_ / "a", 5);
  std::string out(4, '.');
  const auto status = file->read_at(3, std::as_writable_bytes(std::span(out)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInput);
  EXPECT_THAT(status.error().message, AllOf(HasSubstr(directory_ / "a"), HasSubstr("has become shorter"),
                                            HasSubstr("bytes 3 to 7 were expected but it now ends at 5")));
}

TEST_F(PosixFile, OpensOnlyRegularFiles) {
  const auto missing = files_.open(directory_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kInput);
  EXPECT_THAT(missing.error().message, AllOf(HasSubstr(directory_ / "none"), HasSubstr("No such file")));

  EXPECT_EQ(files_.open(directory_.path()).error().kind, ErrorKind::kInput);
  ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(files_.open(directory_ / "pipe").error().message, HasSubstr("not a regular file"));  // and does not hang
  EXPECT_FALSE(files_.open_for_write(directory_.path()));
  EXPECT_FALSE(files_.open_for_write(directory_ / "none/file"));
}

TEST_F(PosixFile, WritesAnywhereWithinTheAllocation) {
  const auto file = files_.open_for_write(directory_ / "a").value();
  ASSERT_TRUE(file->allocate(6));
  ASSERT_TRUE(file->write_at(4, bytes_of("ef")));
  ASSERT_TRUE(file->write_at(0, bytes_of("ab")));
  file->start_writeback(0, 6);
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(read_file(directory_ / "a"), std::string("ab\0\0ef", 6));

  // Opening again neither truncates nor fails; allocating sets the size, also downwards.
  const auto again = files_.open_for_write(directory_ / "a").value();
  EXPECT_EQ(read_file(directory_ / "a").size(), 6u);
  ASSERT_TRUE(again->allocate(2));
  EXPECT_EQ(read_file(directory_ / "a"), "ab");
  ASSERT_TRUE(again->allocate(0));
  EXPECT_EQ(read_file(directory_ / "a"), "");
}

TEST_F(PosixFile, AllocationReservesBlocks) {
  const auto file = files_.open_for_write(directory_ / "a").value();
  ASSERT_TRUE(file->allocate(1 << 20));
  struct stat status {};
  ASSERT_EQ(::stat((directory_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 1 << 20);
}

TEST_F(PosixFile, AnAllocationBeyondTheDiskFailsAtOnce) {
  const auto file = files_.open_for_write(directory_ / "a").value();
  const auto status = file->allocate(1ull << 60);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kIo);
  EXPECT_THAT(status.error().message, HasSubstr(directory_ / "a"));
}

TEST_F(PosixFile, Appends) {
  ASSERT_TRUE(files_.append(directory_ / "log", "one\n"));
  ASSERT_TRUE(files_.append(directory_ / "log", "two\n"));
  EXPECT_EQ(read_file(directory_ / "log"), "one\ntwo\n");
  EXPECT_FALSE(files_.append(directory_.path(), "x"));
}

TEST_F(PosixFile, ListsNamesInOrder) {
  for (const char* name : {"c", "a", ".hidden", "B"}) write_file(directory_ / name, "");
  EXPECT_THAT(files_.list(directory_.path()).value(), ElementsAre(".hidden", "B", "a", "c"));
  EXPECT_EQ(files_.list(directory_ / "none").error().kind, ErrorKind::kInput);
  EXPECT_TRUE(files_.exists(directory_ / "a"));
  EXPECT_FALSE(files_.exists(directory_ / "none"));
  EXPECT_TRUE(files_.is_directory(directory_.path()));
  EXPECT_FALSE(files_.is_directory(directory_ / "a"));
}

TEST_F(PosixFile, CreatesDirectories) {
  ASSERT_TRUE(files_.create_directories(directory_ / "x/y/z"));
  ASSERT_TRUE(files_.create_directories(directory_ / "x/y/z"));
  EXPECT_TRUE(files_.is_directory(directory_ / "x/y/z"));
  ASSERT_TRUE(files_.sync_directory(directory_ / "x"));
  write_file(directory_ / "file", "");
  EXPECT_FALSE(files_.create_directories(directory_ / "file"));
  EXPECT_FALSE(files_.create_directories(directory_ / "file/below"));
}

TEST_F(PosixFile, Renames) {
  write_file(directory_ / "from/file", "x");
  ASSERT_TRUE(files_.create_directories(directory_ / "to"));
  ASSERT_TRUE(files_.rename(directory_ / "from", directory_ / "to"));  // replaces the empty directory
  EXPECT_EQ(read_file(directory_ / "to/file"), "x");
  write_file(directory_ / "other", "y");
  ASSERT_TRUE(files_.rename(directory_ / "other", directory_ / "to/file"));
  EXPECT_EQ(read_file(directory_ / "to/file"), "y");

  const auto status = files_.rename(directory_ / "none", directory_ / "there");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, AllOf(HasSubstr(directory_ / "none"), HasSubstr(directory_ / "there")));
}

TEST_F(PosixFile, RemovalDoesNotFollowLinks) {
  write_file(directory_ / "kept/file", "x");
  write_file(directory_ / "gone/file", "y");
  std::filesystem::create_directory_symlink(directory_ / "kept", directory_ / "gone/link");
  ASSERT_TRUE(files_.remove_all(directory_ / "gone"));
  EXPECT_FALSE(files_.exists(directory_ / "gone"));
  EXPECT_EQ(read_file(directory_ / "kept/file"), "x");

  std::filesystem::create_directory_symlink(directory_ / "kept", directory_ / "link");
  ASSERT_TRUE(files_.remove_all(directory_ / "link/"));
  EXPECT_FALSE(std::filesystem::is_symlink(directory_ / "link"));
  EXPECT_EQ(read_file(directory_ / "kept/file"), "x");
  EXPECT_TRUE(files_.remove_all(directory_ / "none"));
}

TEST_F(PosixFile, FreeSpaceOfAPlaceToBe) {
  const auto here = files_.free_space(directory_.path());
  ASSERT_TRUE(here);
  EXPECT_GT(*here, 0u);
  EXPECT_TRUE(files_.free_space(directory_ / "not/yet/there"));
  EXPECT_TRUE(files_.free_space("not_yet_there"));
}

TEST_F(PosixFile, LocksExclude) {
  auto first = files_.lock(directory_ / "lock");
  ASSERT_TRUE(first);
  const auto second = files_.lock(directory_ / "lock");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr(directory_ / "lock"), HasSubstr("another process")));
  first->reset();
  EXPECT_TRUE(files_.lock(directory_ / "lock"));
}

}  // namespace
}  // namespace wootz
