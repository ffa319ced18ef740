#include "wootz/io/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/digest.h"
#include "wootz/io/shard_index.h"

namespace wootz {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::make_tensor;
using testing::TempDir;
using testing::write_checkpoint;
using testing::write_file;
using testing::write_safetensors;

const std::vector<testing::TestTensor> kTensors{
    make_tensor("z.weight", Dtype::kF32, {2, 2}, {1, -2, 3, 4}), make_tensor("a.bias", Dtype::kBF16, {3}, {0.5, 6, 7}),
    make_tensor("empty", Dtype::kF16, {0, 4}, {}), make_tensor("steps", Dtype::kI64, {}, {-12345678901.0}),
    make_tensor("mask", Dtype::kBool, {3}, {1, 0, 1})};

Result<Checkpoint> open(const std::string& path) { return Checkpoint::open(posix_file_system(), path); }

void expect_refused(const std::string& path, const std::string& words) {
  const auto checkpoint = open(path);
  ASSERT_FALSE(checkpoint.has_value()) << path;
  EXPECT_EQ(checkpoint.error().kind, ErrorKind::kInput);
  EXPECT_THAT(checkpoint.error().message, AllOf(HasSubstr(path), HasSubstr(words)));
}

void expect_tensors(const std::string& path) {
  const auto read = testing::read_checkpoint(path);
  ASSERT_EQ(read.size(), kTensors.size());
  for (const testing::TestTensor& tensor : kTensors) {
    const testing::TestTensor& stored = read.at(tensor.name);
    EXPECT_EQ(stored.dtype, tensor.dtype);
    EXPECT_EQ(stored.shape, tensor.shape);
    EXPECT_EQ(stored.bytes, tensor.bytes);
  }
}

TEST(Checkpoint, SingleFile) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors);
  expect_tensors(directory.path());
  expect_tensors(directory / "model.safetensors");

  const Checkpoint checkpoint = open(directory / "model.safetensors").value();
  EXPECT_EQ(checkpoint.path(), directory / "model.safetensors");
  EXPECT_EQ(checkpoint.directory(), directory.path());
  ASSERT_EQ(checkpoint.files().size(), 1u);
  const WeightFile& file = checkpoint.files()[0];
  EXPECT_EQ(file.name, "model.safetensors");
  const std::string bytes = testing::read_file(directory / "model.safetensors");
  EXPECT_EQ(file.size, bytes.size());
  const std::size_t header = checkpoint.tensors()[0].offset;
  EXPECT_EQ(file.header_digest, bytes_digest(std::as_bytes(std::span(bytes).first(header))));
}

TEST(Checkpoint, Sharded) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors, 3);
  expect_tensors(directory.path());
  expect_tensors(directory / "model.safetensors.index.json");
  const Checkpoint checkpoint = open(directory.path()).value();
  EXPECT_EQ(checkpoint.files().size(), 3u);
  for (std::size_t i = 1; i < checkpoint.tensors().size(); ++i) {
    const TensorInfo& before = checkpoint.tensors()[i - 1];
    const TensorInfo& tensor = checkpoint.tensors()[i];
    EXPECT_LE(std::tie(before.file, before.offset), std::tie(tensor.file, tensor.offset));
  }
}

TEST(Checkpoint, AnIndexWinsOverASingleFile) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors, 2);
  write_safetensors(directory / "model.safetensors", std::span(kTensors).first(1));
  expect_tensors(directory.path());
}

TEST(Checkpoint, ReadsParts) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors);
  Checkpoint moved = open(directory.path()).value();
  const Checkpoint checkpoint = std::move(moved);
  const TensorInfo* tensor = checkpoint.find("z.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->size, 4u);
  EXPECT_EQ(tensor->bytes, 16u);
  EXPECT_EQ(checkpoint.find("z.weigh"), nullptr);
  checkpoint.prefetch(*tensor, 4, 8);
  std::string out(8, '.');
  ASSERT_TRUE(checkpoint.read(*tensor, 4, std::as_writable_bytes(std::span(out))));
  EXPECT_EQ(testing::decode_values(Dtype::kF32, out), (std::vector<double>{-2, 3}));
}

TEST(CheckpointDeathTest, ReadingBeyondATensorIsABug) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors);
  const Checkpoint checkpoint = open(directory.path()).value();
  std::vector<std::byte> out(8);
  EXPECT_DEATH(static_cast<void>(checkpoint.read(*checkpoint.find("z.weight"), 12, out)), "internal error");
}

TEST(Checkpoint, OtherNamesOfASingleFile) {
  const TempDir directory;
  write_safetensors(directory / "diffusion_model.safetensors", kTensors);
  write_file(directory / "training_args.bin", "x");
  expect_tensors(directory.path());
  write_safetensors(directory / "other.safetensors", kTensors);
  expect_refused(directory.path(), "several .safetensors files");
}

TEST(Checkpoint, NothingThere) {
  const TempDir directory;
  expect_refused(directory / "none", "does not exist");
  expect_refused(directory.path(), "is an empty directory");
  write_file(directory / "config.json", "{}");
  expect_refused(directory.path(), "holds no weights: expected model.safetensors");
}

TEST(Checkpoint, FormatsThatWootzDoesNotRead) {
  for (const char* name :
       {"pytorch_model.bin", "model.gguf", "pytorch_model-00001-of-00002.bin", "consolidated.00.pth"}) {
    const TempDir directory;
    write_file(directory / name, "weights");
    write_file(directory / "config.json", "{}");
    expect_refused(directory.path(), std::string("only '") + name + "'");
    expect_refused(directory.path(), "save_pretrained");
    expect_refused(directory / name, "is not a safetensors file");
  }
}

TEST(Checkpoint, OtherFilesAreNoModels) {
  const TempDir directory;
  write_file(directory / "recipe.yml", "merge_method: linear\n");
  expect_refused(directory / "recipe.yml", "is no model: give a model's directory");
}

TEST(Checkpoint, AdaptersAreNotModels) {
  const TempDir directory;
  write_file(directory / "adapter_config.json", "{}");
  write_safetensors(directory / "adapter_model.safetensors", kTensors);
  expect_refused(directory.path(), "merge_and_unload");
}

TEST(Checkpoint, ShardsWithoutTheirIndex) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors, 2);
  std::filesystem::remove(directory / "model.safetensors.index.json");
  expect_refused(directory.path(), "no model.safetensors.index.json");
  // One shard alone must not pass for the whole model.
  std::filesystem::remove(directory / shard_name(2, 2));
  expect_refused(directory.path(), "no model.safetensors.index.json");
}

TEST(Checkpoint, ListsOnlyAFewNames) {
  const TempDir directory;
  write_checkpoint(directory.path(), kTensors, 2);
  const std::string shard = shard_name(1, 2);
  std::string index = R"({"weight_map":{"z.weight":")" + shard + "\"";
  for (int i = 0; i < 1000; ++i) index += fmt::format(R"(,"extra.{:04}":"{}")", i, shard);
  write_file(directory / "model.safetensors.index.json", index + "}}");
  expect_refused(directory.path(), "'extra.0000', 'extra.0001', 'extra.0002' and 997 more");
}

TEST(CheckpointBuilder, ValuesComeBack) {
  const std::vector<double> values{0, 1, 2, 100};
  for (int i = 0; i <= static_cast<int>(Dtype::kU8); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(testing::decode_values(dtype, testing::encode_values(dtype, values)), values) << dtype_name(dtype);
  }
  const std::vector<double> large{-1e30, 1e30};
  EXPECT_EQ(testing::decode_values(Dtype::kI8, testing::encode_values(Dtype::kI8, large)),
            (std::vector<double>{-128, 127}));
  const auto tensor = testing::random_tensor("w", Dtype::kF64, {1000}, 1, 2.0);
  EXPECT_EQ(tensor.bytes, testing::random_tensor("w", Dtype::kF64, {1000}, 1, 2.0).bytes);
  EXPECT_NE(tensor.bytes, testing::random_tensor("w", Dtype::kF64, {1000}, 2, 2.0).bytes);
  double squares = 0;
  for (const double value : testing::decode_values(Dtype::kF64, tensor.bytes)) squares += value * value / 1000;
  EXPECT_NEAR(squares, 4.0, 1.0);
}

}  // namespace
}  // namespace wootz
