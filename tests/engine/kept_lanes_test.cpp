// PlanOptions::keep_lanes: what the transforms make of every model, written in one pass.
#include "engine/merge_fixture.h"
#include "wootz/engine/verify.h"

namespace wootz::testing {
namespace {

class KeptLanes : public MergeTest {
 protected:
  Result<MergeReport> keep(const std::string& text, const std::string& output, bool model, MergeOptions options,
                           std::uint64_t shard_size = 5'000'000'000) {
    PlanOptions planning;
    planning.keep_model = model;
    planning.keep_lanes = true;
    planning.shard_size = shard_size;
    return merge(text, output, options, planning);
  }
};

constexpr const char* kTrim = "task_vectors:\n  - trim: {density: 0.3, scope: model}\n";

TEST_F(KeptLanes, AreTheTaskVectorsThatTheCombinationSees) {
  const auto report = keep(recipe("task_arithmetic", kTrim), "out", true, unsynced());
  ASSERT_TRUE(report) << report.error().message;
  for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
    if (tensor.dtype == Dtype::kI64) continue;
    const std::vector<double> base = read_tensor(dir_ / "base", tensor.name);
    const std::vector<double> merged = read_tensor(dir_ / "out", tensor.name);
    std::vector<double> sum = base;
    for (const char* lane : {"0", "1", "2"}) {
      const std::vector<double> kept = read_tensor(dir_ / (std::string("out/") + lane), tensor.name);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += 0.4 * kept[i];
    }
    for (std::size_t i = 0; i < sum.size(); ++i)
      ASSERT_NEAR(merged[i], sum[i], std::abs(sum[i]) * 2e-7 + 1e-8) << tensor.name << " " << i;
  }
  EXPECT_EQ(contents("out/0").size(), 1u);  // no copy of position_ids, and no side files
  const auto found = verify_output(posix_file_system(), dir_ / "out", 2, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->problems.empty()) << found->problems.front();
}

TEST_F(KeptLanes, AloneTakeAsManyReadingsAsOneMergeHas) {
  const auto whole = merge(recipe("task_arithmetic", kTrim), "whole");
  const auto lanes = keep(recipe("task_arithmetic", kTrim), "lanes", false, unsynced());
  ASSERT_TRUE(whole && lanes);
  EXPECT_LE(lanes->bytes_read, whole->bytes_read);
  EXPECT_FALSE(exists("lanes/model.safetensors"));
}

// Rows, several shards a lane, threads; the same as those written beside the model.
TEST_F(KeptLanes, DoNotDependOnThreadsOrOnWhatElseIsWritten) {
  const std::string text = recipe("ties", "task_vectors: [{della: {density: 0.5}}]\n", "{weight: 0.4, density: 0.6}");
  MergeOptions options = unsynced();
  options.schedule.threads = 1;
  ASSERT_TRUE(keep(text, "one", true, options, 300'000));
  options.schedule.threads = 4;
  ASSERT_TRUE(keep(text, "four", false, options, 300'000));
  for (const char* lane : {"0", "1", "2"}) {
    const auto files = contents(std::string("one/") + lane);
    EXPECT_GT(files.size(), 2u);
    EXPECT_EQ(contents(std::string("four/") + lane), files);
  }
}

TEST_F(KeptLanes, ADamagedLaneIsFoundByVerify) {
  ASSERT_TRUE(keep(recipe("task_arithmetic", kTrim), "out", false, unsynced()));
  const std::string path = dir_ / "out/1/model.safetensors";
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('x');
  }
  const auto found = verify_output(posix_file_system(), dir_ / "out", 1, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->problems.size(), 1u);
  EXPECT_NE(found->problems[0].find("1/model.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace wootz::testing
