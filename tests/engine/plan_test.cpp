// What a plan says of models that do not fit together.

#include "engine/merge_fixture.h"
#include "support/matchers.h"

namespace wootz::testing {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string messages(const PlannedMerge& planned) {
  std::string all;
  for (const Diagnostic& item : planned.diagnostics.items()) all += to_string(item) + "\n";
  return all;
}

TEST_F(MergeTest, ShapeMismatchNamesModelsTensorAndShapes) {
  std::vector<TestTensor> tensors = family_tensors(2, Dtype::kF32);
  tensors[0] = random_tensor("embed.weight", Dtype::kF32, {310, 64}, 1);
  replace("b", tensors);
  const PlannedMerge planned = plan(recipe("task_arithmetic"));
  ASSERT_TRUE(planned.diagnostics.has_errors());
  EXPECT_EQ(planned.diagnostics.to_error().kind, ErrorKind::kIncompatible);
  EXPECT_THAT(messages(planned),
              AllOf(HasSubstr("embed.weight: b has shape [310, 64], but base has [300, 64]"), HasSubstr("vocabulary")));
}

TEST_F(MergeTest, MissingTensorsAreAnErrorUnlessAllowed) {
  std::vector<TestTensor> tensors = family_tensors(2, Dtype::kF32);
  tensors.erase(tensors.begin() + 7);
  replace("b", tensors);
  PlannedMerge planned = plan(recipe("task_arithmetic"));
  ASSERT_TRUE(planned.diagnostics.has_errors());
  EXPECT_THAT(messages(planned),
              AllOf(HasSubstr("b lacks 1 of the 9 tensors of base: head.weight"), HasSubstr("--allow-missing")));

  PlanOptions options;
  options.allow_missing = true;
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "out", unsynced(), options));
  const auto base = read_tensor(dir_ / "base", "head.weight");
  const auto a = read_tensor(dir_ / "a", "head.weight");
  const auto c = read_tensor(dir_ / "c", "head.weight");
  const auto merged = read_tensor(dir_ / "out", "head.weight");
  for (std::size_t i = 0; i < merged.size(); ++i)
    EXPECT_NEAR(merged[i], base[i] + 0.4 * (a[i] - base[i]) + 0.4 * (c[i] - base[i]), 1e-6);
}

TEST_F(MergeTest, TensorsThatWouldBeLostAreReported) {
  std::vector<TestTensor> tensors = family_tensors(1, Dtype::kF32);
  tensors.push_back(random_tensor("vision.extra", Dtype::kF32, {4}, 1));
  replace("a", tensors);
  const PlannedMerge planned = plan(recipe("task_arithmetic"));
  EXPECT_FALSE(planned.diagnostics.has_errors());
  EXPECT_THAT(messages(planned), HasSubstr("a has a tensor that base lacks, lost in the output: vision.extra"));
}

TEST_F(MergeTest, AllErrorsComeAtOnce) {
  std::vector<TestTensor> tensors = family_tensors(2, Dtype::kF32);
  tensors[0] = random_tensor("embed.weight", Dtype::kF32, {310, 64}, 1);
  tensors[2] = random_tensor("layers.0.norm.bias", Dtype::kF32, {65}, 1);
  tensors[7] = make_tensor("head.weight", Dtype::kI32, {10, 64}, std::vector<double>(640));
  tensors.pop_back();
  replace("b", tensors);
  const std::string all = messages(plan(recipe("task_arithmetic")));
  EXPECT_THAT(all, AllOf(HasSubstr("embed.weight"), HasSubstr("layers.0.norm.bias"), HasSubstr("position_ids"),
                         HasSubstr("head.weight: stored as F32 in one model and as I32")));
}

TEST_F(MergeTest, EveryModelThatCannotBeOpenedIsNamed) {
  std::filesystem::remove_all(dir_ / "a");
  std::filesystem::remove_all(dir_ / "c");
  const PlannedMerge planned = plan(recipe("task_arithmetic"));
  EXPECT_EQ(planned.diagnostics.items().size(), 2u);
  EXPECT_EQ(planned.diagnostics.to_error().kind, ErrorKind::kInput);
  EXPECT_EQ(planned.diagnostics.items()[0].place.line, 4);
}

TEST_F(MergeTest, LayoutIsAlignedContiguousAndComplete) {
  PlanOptions options;
  options.shard_size = 200'000;
  const PlannedMerge planned = plan(recipe("task_arithmetic", "out_dtype: bfloat16\n"), options);
  ASSERT_FALSE(planned.diagnostics.has_errors());
  std::size_t placed = 0;
  for (const OutputShard& shard : planned.plan.shards()) {
    std::uint64_t at = shard.header.size();
    EXPECT_EQ(at % 8, 0u);
    for (std::size_t index : shard.tensors) {
      const PlannedTensor& tensor = planned.plan.tensors[index];
      EXPECT_EQ(tensor.places[0]->offset, at);
      EXPECT_EQ(tensor.places[0]->offset % item_size(tensor.dtype), 0u) << tensor.name;
      at += tensor.bytes;
      ++placed;
    }
    EXPECT_EQ(at, shard.size);
  }
  EXPECT_EQ(placed, planned.plan.tensors.size());
}

}  // namespace
}  // namespace wootz::testing
