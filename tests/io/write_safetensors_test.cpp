#include "wootz/io/write_safetensors.h"

#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/checkpoint.h"
#include "wootz/io/fault_file.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::read_file;
using testing::TempDir;
using testing::write_file;
using Kind = Operation::Kind;

class WriteSafetensors : public ::testing::Test {
 protected:
  static std::span<const std::byte> bytes(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }
  std::vector<StoredTensor> tensors() const {
    return {{"a", Dtype::kF32, {2, 1}, bytes(a_)}, {"b", Dtype::kF32, {3}, bytes(b_)}};
  }
  static std::vector<TensorOutline> outlines() { return {{"a", Dtype::kF32, {2, 1}}, {"b", Dtype::kF32, {3}}}; }

  // Writes both tensors one by one; the metadata's value is known at the end.
  Result<> write_one_by_one(FileSystem& files) const {
    WOOTZ_TRY(const auto writer, SafetensorsWriter::create(files, path_, outlines(), {{"id", "???"}}));
    WOOTZ_RETURN_IF_ERROR(writer->write(tensors()[0]));
    WOOTZ_RETURN_IF_ERROR(writer->write(tensors()[1]));
    return writer->finish("id", "xyz");
  }

  const std::vector<float> a_ = {1, 2}, b_ = {3, 4, 5};
  TempDir directory_;
  std::string path_ = directory_ / "model.safetensors";
};

TEST_F(WriteSafetensors, OneByOneOrWholeIsTheSameFile) {
  ASSERT_TRUE(write_safetensors(posix_file_system(), path_, tensors(), {{"id", "xyz"}}));
  const std::string whole = read_file(path_);
  ASSERT_TRUE(write_one_by_one(posix_file_system()));
  EXPECT_EQ(read_file(path_), whole);
  const Checkpoint checkpoint = Checkpoint::open(posix_file_system(), path_).value();
  std::vector<float> b(3);
  ASSERT_TRUE(checkpoint.read(*checkpoint.find("b"), 0, std::as_writable_bytes(std::span(b))));
  EXPECT_EQ(b, b_);
}

TEST_F(WriteSafetensors, WhatIsNotFinishedLeavesNothing) {
  {
    const auto writer = SafetensorsWriter::create(posix_file_system(), path_, outlines(), {}).value();
    ASSERT_TRUE(writer->write(tensors()[0]));
    EXPECT_THAT(posix_file_system().list(directory_.path()).value(), ElementsAre("model.safetensors.tmp"));
  }
  EXPECT_THAT(posix_file_system().list(directory_.path()).value(), IsEmpty());
}

TEST_F(WriteSafetensors, AFaultLeavesTheOldFile) {
  for (const Kind kind : {Kind::kAllocate, Kind::kWrite, Kind::kSync, Kind::kRename}) {
    write_file(path_, "old");
    const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) {
      return operation.kind == kind ? std::optional(Fault::kNoSpace) : std::nullopt;
    });
    EXPECT_FALSE(write_one_by_one(*files));
    EXPECT_EQ(read_file(path_), "old");
    EXPECT_THAT(posix_file_system().list(directory_.path()).value(), ElementsAre("model.safetensors"));
  }
}

TEST_F(WriteSafetensors, NothingParsesBeforeTheEnd) {
  ASSERT_TRUE(write_safetensors(posix_file_system(), path_, tensors(), {}));
  ASSERT_TRUE(posix_file_system().rename(path_, path_ + ".tmp"));  // what a killed run may have left
  const auto writer = SafetensorsWriter::create(posix_file_system(), path_, outlines(), {}).value();
  ASSERT_TRUE(writer->write(tensors()[0]));
  ASSERT_TRUE(writer->write(tensors()[1]));
  EXPECT_FALSE(Checkpoint::open(posix_file_system(), path_ + ".tmp"));
  ASSERT_TRUE(writer->finish());
  EXPECT_TRUE(Checkpoint::open(posix_file_system(), path_));
}

}  // namespace
}  // namespace wootz
