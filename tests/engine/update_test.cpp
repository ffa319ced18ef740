// `update:`, transforms of what a merge adds to the base.
#include <algorithm>
#include <cmath>

#include "engine/merge_fixture.h"

namespace wootz::testing {
namespace {

class UpdateTest : public MergeTest {
 protected:
  // theta - theta_0 of a tensor that a merge wrote.
  std::vector<double> update_of(const std::string& output, const std::string& name) {
    std::vector<double> update = read_tensor(dir_ / output, name);
    const std::vector<double> base = read_tensor(dir_ / "base", name);
    for (std::size_t i = 0; i < update.size(); ++i) update[i] -= base[i];
    return update;
  }

  static std::string update(const std::string& list) { return "dtype: float64\nupdate:\n" + list; }
};

std::vector<double> magnitudes(const std::vector<double>& values) {
  std::vector<double> magnitudes;
  for (const double value : values) magnitudes.push_back(std::abs(value));
  std::sort(magnitudes.begin(), magnitudes.end(), std::greater<>());
  return magnitudes;
}

TEST_F(UpdateTest, ATrimKeepsTheLargestEntriesOfTheSum) {
  ASSERT_TRUE(merge(recipe("task_arithmetic", "dtype: float64\n"), "plain"));
  ASSERT_TRUE(merge(recipe("task_arithmetic", update("  - trim: {density: 0.25}\n")), "trimmed"));
  for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
    if (tensor.dtype == Dtype::kI64) continue;
    const std::vector<double> whole = update_of("plain", tensor.name);
    const std::vector<double> kept = update_of("trimmed", tensor.name);
    if (whole.empty()) continue;
    const std::size_t count = std::max<std::size_t>(1, whole.size() / 4);
    const double least = magnitudes(whole)[count - 1];
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (std::abs(std::abs(whole[i]) - least) < 1e-7) continue;  // float32 keys rank such neighbours by index
      EXPECT_NEAR(kept[i], std::abs(whole[i]) > least ? whole[i] : 0.0, 1e-14) << tensor.name << " " << i;
    }
    const auto nonzero = std::count_if(kept.begin(), kept.end(), [](double x) { return std::abs(x) > 1e-12; });
    EXPECT_EQ(static_cast<std::size_t>(nonzero), count) << tensor.name;
  }
}

// The scope of the whole model sees the merged update of every tensor before any is written.
TEST_F(UpdateTest, AScopeOfTheWholeModelRanksAllTensorsTogether) {
  ASSERT_TRUE(merge(recipe("task_arithmetic", "dtype: float64\n"), "plain"));
  ASSERT_TRUE(merge(recipe("task_arithmetic", update("  - trim: {density: 0.1, scope: model}\n")), "trimmed"));
  std::vector<double> whole, kept;
  for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
    if (tensor.dtype == Dtype::kI64) continue;
    const auto before = update_of("plain", tensor.name), after = update_of("trimmed", tensor.name);
    whole.insert(whole.end(), before.begin(), before.end());
    kept.insert(kept.end(), after.begin(), after.end());
  }
  const std::size_t count = whole.size() / 10;
  const double least = magnitudes(whole)[count - 1];
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (std::abs(std::abs(whole[i]) - least) < 1e-7) continue;
    ASSERT_NEAR(kept[i], std::abs(whole[i]) > least ? whole[i] : 0.0, 1e-14) << i;
  }
}

// Two kinds of stages in one list, after a combination that has a pass and a transform of its own.
TEST_F(UpdateTest, TheBytesDoNotDependOnThreadsOrMemory) {
  const std::string text = recipe(
      "ties", "task_vectors: [awd]\nupdate:\n  - della: {density: 0.5}\n  - trim: {density: 0.3, scope: model}\n",
      "{weight: 0.4, density: 0.6}");
  MergeOptions options = unsynced();
  options.schedule.threads = 1;
  ASSERT_TRUE(merge(text, "one", options));
  options.schedule.threads = 5;
  ASSERT_TRUE(merge(text, "five", options));
  options.schedule.max_memory = std::uint64_t{48} << 20;
  ASSERT_TRUE(merge(text, "little", options));
  EXPECT_EQ(contents("five"), contents("one"));
  EXPECT_EQ(contents("little"), contents("one"));
  EXPECT_NE(contents("one").at("wootz-manifest.json").find("\"update_transforms\""), std::string::npos);
}

TEST_F(UpdateTest, TransformsThatKeepAllLeaveTheMergeAsItIs) {
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "plain"));
  ASSERT_TRUE(merge(recipe("task_arithmetic", "update:\n  - trim: {density: 1}\n"), "kept"));
  EXPECT_EQ(contents("kept").at("model.safetensors"), contents("plain").at("model.safetensors"));
}

}  // namespace
}  // namespace wootz::testing
