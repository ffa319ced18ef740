// Stages that take whole matrices, wherever in a pipeline they stand.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "engine/merge_fixture.h"
#include "wootz/engine/run/schedule.h"

namespace wootz::testing {
namespace {

using ::testing::HasSubstr;

class MatrixTest : public MergeTest {
 protected:
  std::string matrices(const std::string& method, const std::string& extra = "") const {
    return recipe(method, "dtype: float64\n" + extra, "{}");
  }

  /// The largest difference of two outputs, in any tensor.
  double difference(const std::string& one, const std::string& other) {
    double largest = 0.0;
    for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
      const auto a = decode(one, tensor), b = decode(other, tensor);
      for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    }
    return largest;
  }

 private:
  std::vector<double> decode(const std::string& output, const TestTensor& tensor) {
    return tensor.dtype == Dtype::kI64 ? std::vector<double>() : read_tensor(dir_ / output, tensor.name);
  }
};

TEST_F(MatrixTest, RewrittenLanesAddUpToTheMerge) {
  for (const std::string method : {"iso_c", "tsv_m", "wudi"}) {
    ASSERT_TRUE(merge(matrices(method), method));
    const std::string lanes = "task_vectors: [" + method + "]\ndtype: float64\n";
    ASSERT_TRUE(merge(recipe("task_arithmetic", lanes, "{weight: 1}"), method + "_lanes"));
    EXPECT_LT(difference(method, method + "_lanes"), 2e-6) << method;
  }
}

// A stage for the whole model that comes behind one for matrices needs what that found for every tensor at once.
TEST_F(MatrixTest, StandBeforeAndBehindStagesOfTheWholeModel) {
  const std::string lanes = "task_vectors: [iso_c, {trim: {density: 1, scope: model}}]\ndtype: float64\n";
  ASSERT_TRUE(merge(recipe("task_arithmetic", lanes, "{weight: 1}"), "before"));
  ASSERT_TRUE(merge(matrices("iso_c"), "iso_c"));
  EXPECT_LT(difference("before", "iso_c"), 2e-6);
  ASSERT_TRUE(merge(matrices("iso_c", "task_vectors: [{trim: {density: 1, scope: model}}]\n"), "behind"));
  EXPECT_LT(difference("behind", "iso_c"), 2e-6);
}

TEST_F(MatrixTest, WorkOnTheUpdateToo) {
  ASSERT_TRUE(merge(matrices("iso_c"), "iso_c"));
  ASSERT_TRUE(merge(recipe("task_arithmetic", "update: [iso_c]\ndtype: float64\n", "{weight: 1}"), "update"));
  // Of a single lane the mean is the lane: only the matrices are what the merge makes of the sum.
  const auto one = read_tensor(dir_ / "iso_c", "layers.0.mlp.weight");
  const auto other = read_tensor(dir_ / "update", "layers.0.mlp.weight");
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], other[i], 2e-6);
}

TEST_F(MatrixTest, EmbeddingsAndHeadsTakeTheMean) {
  ASSERT_TRUE(merge(matrices("iso_c"), "iso_c"));
  ASSERT_TRUE(
      merge(recipe("task_arithmetic", "parameters: {normalize: true}\ndtype: float64\n", "{weight: 1}"), "mean"));
  for (const char* name : {"embed.weight", "head.weight", "layers.0.norm.bias", "scale"}) {
    const auto one = read_tensor(dir_ / "iso_c", name), other = read_tensor(dir_ / "mean", name);
    for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], other[i], 1e-12) << name;
  }
}

// Held in memory or made anew for every look at a lane: the bytes are the same, and only the readings tell.
TEST_F(MatrixTest, TheMemoryAllowedChangesReadingsOnly) {
  const std::string text = matrices("wudi", "task_vectors: [{trim: {density: 0.5}}]\n");
  const PlannedMerge planned = plan(text);
  ASSERT_FALSE(planned.diagnostics.has_errors());
  MergeOptions much = unsynced(), little = unsynced();
  bool found = false;
  for (std::uint64_t mebi = 24; mebi < 256 && !found; ++mebi) {
    little.schedule.max_memory = mebi << 20;
    const auto schedule = make_schedule(planned.plan, little.schedule);
    found = schedule && !schedule->holds_lanes;
    if (schedule) break;
  }
  ASSERT_TRUE(found);
  const auto with_much = merge(text, "much", much);
  const auto with_little = merge(text, "little", little);
  ASSERT_TRUE(with_much && with_little);
  EXPECT_GT(with_little->bytes_read, with_much->bytes_read);
  EXPECT_EQ(contents("much"), contents("little"));
}

TEST_F(MatrixTest, AMatrixThatDoesNotFitIsRefusedWithTheFigure) {
  MergeOptions options = unsynced();
  options.schedule.max_memory = std::uint64_t{26} << 20;
  const auto report = merge(matrices("wudi"), "out", options);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("layers.0.mlp.weight needs"));
  EXPECT_THAT(report.error().message, HasSubstr("allow at least"));
  EXPECT_FALSE(exists("out"));
}

TEST_F(MatrixTest, AMatrixWithNaNIsNamed) {
  std::vector<TestTensor> tensors = family_tensors(1, Dtype::kF32);
  for (TestTensor& tensor : tensors) {
    if (tensor.name != "layers.1.mlp.weight") continue;
    std::vector<double> values = decode_values(tensor.dtype, tensor.bytes);
    values[17] = std::numeric_limits<double>::quiet_NaN();
    tensor = make_tensor(tensor.name, tensor.dtype, tensor.shape, values);
  }
  replace("a", tensors);
  for (const std::string method : {"iso_c", "tsv_m", "wudi"}) {
    const auto report = merge(matrices(method), "out");
    ASSERT_FALSE(report) << method;
    EXPECT_THAT(report.error().message, HasSubstr("layers.1.mlp.weight: a matrix holds NaN or infinity"));
  }
}

}  // namespace
}  // namespace wootz::testing
