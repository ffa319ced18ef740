#include "wootz/io/fault_file.h"

#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::TempDir;
using Kind = Operation::Kind;

// A disk on which operations of one kind fail.
std::unique_ptr<FileSystem> failing(Kind kind, Fault fault) {
  return faulty_file_system(posix_file_system(), [=](const Operation& operation) {
    return operation.kind == kind ? std::optional(fault) : std::nullopt;
  });
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void expect_error(const Result<>& status, ErrorKind kind, const std::string& path, const std::string& words) {
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, kind);
  EXPECT_THAT(status.error().message, AllOf(HasSubstr(path), HasSubstr(words)));
}

TEST(FaultFile, ReadsFail) {
  const TempDir directory;
  const std::string path = directory / "a";
  testing::write_file(path, "0123456789");
  std::string out(8, '.');
  const auto read = [&](Fault fault) {
    return failing(Kind::kRead, fault)->open(path).value()->read_at(1, std::as_writable_bytes(std::span(out)));
  };
  expect_error(read(Fault::kReadError), ErrorKind::kIo, path, "Input/output error");
  expect_error(read(Fault::kShortRead), ErrorKind::kInput, path, "has become shorter");
}

TEST(FaultFile, WritesFail) {
  const TempDir directory;
  const std::string path = directory / "a";
  const auto open = [&](Kind kind, Fault fault) { return failing(kind, fault)->open_for_write(path).value(); };
  expect_error(open(Kind::kAllocate, Fault::kNoSpace)->allocate(1000), ErrorKind::kIo, path,
               "no space left on the device: free 1000 bytes or choose another output");
  expect_error(open(Kind::kWrite, Fault::kNoSpace)->write_at(0, bytes_of("abcdef")), ErrorKind::kIo, path,
               "no space left");
  EXPECT_EQ(testing::read_file(path), "abc");  // as on a real disk, part of it is there
  expect_error(open(Kind::kWrite, Fault::kWriteError)->write_at(0, bytes_of("x")), ErrorKind::kIo, path,
               "Input/output error");
  expect_error(open(Kind::kSync, Fault::kWriteError)->sync(), ErrorKind::kIo, path, "cannot write");
}

TEST(FaultFile, FileSystemOperationsFail) {
  const TempDir directory;
  const std::string path = directory / "a";
  expect_error(failing(Kind::kAppend, Fault::kNoSpace)->append(path, "0123"), ErrorKind::kIo, path, "no space left");
  EXPECT_EQ(testing::read_file(path), "01");
  expect_error(failing(Kind::kRename, Fault::kWriteError)->rename(path, path + "2"), ErrorKind::kIo, path, "cannot");
  EXPECT_TRUE(posix_file_system().exists(path));
  expect_error(failing(Kind::kSync, Fault::kWriteError)->sync_directory(directory.path()), ErrorKind::kIo,
               directory.path(), "cannot");
}

TEST(FaultFile, TheRestPassesThrough) {
  const TempDir directory;
  std::vector<std::string> seen;
  const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) {
    seen.push_back(file_name(operation.path));
    return std::nullopt;
  });
  ASSERT_TRUE(files->create_directories(directory / "d"));
  ASSERT_TRUE(write_text_atomically(*files, directory / "d/file", "text"));
  EXPECT_EQ(read_text(*files, directory / "d/file", 100).value(), "text");
  EXPECT_TRUE(files->exists(directory / "d/file"));
  EXPECT_TRUE(files->is_directory(directory / "d"));
  EXPECT_TRUE(files->lock(directory / "lock").has_value());
  EXPECT_TRUE(files->free_space(directory.path()).has_value());
  ASSERT_TRUE(files->remove_all(directory / "d"));
  EXPECT_EQ(files->list(directory.path()).value(), std::vector<std::string>{"lock"});
  EXPECT_EQ(seen, (std::vector<std::string>{"file.tmp", "file.tmp", "file.tmp", "file.tmp", "d", "file"}));
}

TEST(FaultFile, CheckpointErrorsNameTheTensor) {
  const TempDir directory;
  testing::write_checkpoint(directory / "m", {testing::make_tensor("some.weight", Dtype::kF32, {2}, {1, 2})});
  bool broken = false;
  const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) {
    return broken && operation.kind == Kind::kRead ? std::optional(Fault::kReadError) : std::nullopt;
  });
  const auto checkpoint = Checkpoint::open(*files, directory / "m");
  ASSERT_TRUE(checkpoint.has_value());
  broken = true;
  std::vector<std::byte> out(8);
  expect_error(checkpoint->read(checkpoint->tensors()[0], 0, out), ErrorKind::kIo, directory / "m/model.safetensors",
               "tensor 'some.weight'");
  EXPECT_EQ(Checkpoint::open(*files, directory / "m").error().kind, ErrorKind::kIo);
}

}  // namespace
}  // namespace wootz
