#include "wootz/engine/inspect/inspect.h"

#include <cmath>

#include "engine/merge_fixture.h"
#include "support/matchers.h"

namespace wootz::testing {
namespace {

using testing::HasSubstr;

TEST_F(MergeTest, InspectAgreesWithDirectSums) {
  InspectOptions options;
  options.base = dir_ / "base";
  const auto inspection = inspect_models(posix_file_system(), {dir_ / "a", dir_ / "b"}, options);
  ASSERT_TRUE(inspection);
  double aa = 0, ab = 0, bb = 0;
  std::uint64_t conflicts = 0, size = 0;
  for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
    if (tensor.dtype != Dtype::kF32) continue;
    const auto base = read_tensor(dir_ / "base", tensor.name);
    const auto a = read_tensor(dir_ / "a", tensor.name);
    const auto b = read_tensor(dir_ / "b", tensor.name);
    for (std::size_t i = 0; i < base.size(); ++i) {
      const double da = a[i] - base[i], db = b[i] - base[i];
      aa += da * da, ab += da * db, bb += db * db;
      conflicts += da * db < 0 ? 1 : 0;
      ++size;
    }
  }
  EXPECT_EQ(inspection->total.size, size);
  EXPECT_EQ(inspection->total.sign_conflicts, conflicts);
  EXPECT_NEAR(inspection->total.norm(0, 2), std::sqrt(aa), 1e-9 * std::sqrt(aa));
  EXPECT_NEAR(inspection->total.norm(1, 2), std::sqrt(bb), 1e-9 * std::sqrt(bb));
  EXPECT_NEAR(inspection->total.cosine(0, 1, 2), ab / std::sqrt(aa * bb), 1e-9);
  EXPECT_DOUBLE_EQ(inspection->total.cosine(1, 1, 2), 1.0);
}

TEST_F(MergeTest, InspectNotesWhatCannotBeCompared) {
  std::vector<TestTensor> tensors = family_tensors(1, Dtype::kF32);
  tensors[0] = random_tensor("embed.weight", Dtype::kF32, {301, 64}, 1);
  replace("a", tensors);
  const auto inspection = inspect_models(posix_file_system(), {dir_ / "a", dir_ / "b"}, {});
  ASSERT_TRUE(inspection);
  ASSERT_EQ(inspection->notes.size(), 1u);
  EXPECT_THAT(inspection->notes[0], HasSubstr("embed.weight"));
  EXPECT_FALSE(inspection->tensors[0].compared);
}

}  // namespace
}  // namespace wootz::testing
