#include "wootz/nn/write_checkpoint.h"

#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "support/torch_test_headers.h"
#include "wootz/io/fault_file.h"

namespace wootz {
namespace {

using testing::random_tensor;
using testing::read_file;
using testing::TempDir;

class WriteChangedCheckpoint : public ::testing::Test {
 protected:
  WriteChangedCheckpoint() {
    const std::vector tensors = {random_tensor("half", Dtype::kBF16, {3}, 1), random_tensor("ids", Dtype::kI64, {5}, 2),
                                 random_tensor("full", Dtype::kF32, {2, 2}, 3)};
    testing::write_safetensors(directory_ / "in.safetensors", tensors);
    for (const char* name : {"out", "whole"}) std::ignore = files_.create_directories(directory_ / name);
  }
  Checkpoint open(const std::string& name) { return Checkpoint::open(files_, directory_ / name).value(); }

  FileSystem& files_ = posix_file_system();
  TempDir directory_;
};

TEST_F(WriteChangedCheckpoint, RoundsWhatChangesAndKeepsTheRest) {
  const auto changed = [](const std::string& name) {
    return name == "half" ? at::tensor({1.0, 1.0 + 1.0 / 512, -2.5}, at::kFloat) : at::Tensor();
  };
  ASSERT_TRUE(write_changed_checkpoint(files_, open("in.safetensors"), changed, directory_ / "out"));
  const Checkpoint in = open("in.safetensors"), out = open("out/model.safetensors");
  EXPECT_EQ(out.tensors().size(), 3U);
  for (const char* name : {"ids", "full"}) {
    const TensorInfo &from = *in.find(name), &to = *out.find(name);
    EXPECT_EQ(from.dtype, to.dtype);
    std::vector<std::byte> before(from.bytes), after(to.bytes);
    ASSERT_TRUE(in.read(from, 0, before));
    ASSERT_TRUE(out.read(to, 0, after));
    EXPECT_EQ(before, after);
  }
  // A bfloat16 has 8 significant bits: 1 + 1/512 is rounded to even, which is 1.
  EXPECT_EQ(testing::read_tensor(directory_ / "out", "half"), (std::vector<double>{1.0, 1.0, -2.5}));
}

TEST_F(WriteChangedCheckpoint, LeavesNothingWhereWritingOrChangingFails) {
  const auto same = [](const std::string&) { return at::Tensor(); };
  const auto full = faulty_file_system(posix_file_system(), [](const Operation& operation) {
    return operation.kind == Operation::Kind::kWrite ? std::optional(Fault::kNoSpace) : std::nullopt;
  });
  EXPECT_FALSE(write_changed_checkpoint(*full, open("in.safetensors"), same, directory_ / "out"));
  const auto failing = [](const std::string& name) -> at::Tensor {
    return name == "full" ? throw std::bad_alloc() : at::Tensor();
  };
  EXPECT_FALSE(write_changed_checkpoint(files_, open("in.safetensors"), failing, directory_ / "out"));
  EXPECT_TRUE(files_.list(directory_ / "out").value().empty());
}

}  // namespace
}  // namespace wootz
