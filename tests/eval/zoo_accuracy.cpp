// The larger zoo ($WOOTZ_ZOO): accuracies as PyTorch measured them.
#include <gtest/gtest.h>

#include "support/zoo_fixture.h"
#include "wootz/eval/evaluate_models.h"

namespace wootz {
namespace {

class ZooAccuracy : public testing::ZooFixture {
 protected:
  // As many right as there, but for two: other arithmetic may turn an answer at the border.
  void expect_accuracy(const TaskResult& result, double reference) const {
    const auto n = static_cast<double>(result.score.n);
    EXPECT_NEAR(result.score.accuracy, reference, 2.0 / n + 5e-5) << result.task;
  }
};

TEST_F(ZooAccuracy, TheBaseIsAsGoodAsItWas) {
  const auto results = evaluate_models(files_, {path_ + "/models/base"}, tasks_, {}, {});
  ASSERT_TRUE(results.has_value()) << results.error().message;
  for (const TaskResult& result : results->rows[0].tasks)
    expect_accuracy(result, reference_.at("base").at(result.task).get<double>());
}

TEST_F(ZooAccuracy, ExpertsAreAsGoodAsTheyWere) {
  for (const Task& task : tasks_) {
    const auto results = evaluate_models(files_, {path_ + "/models/" + task.name}, {task}, {}, {});
    ASSERT_TRUE(results.has_value()) << results.error().message;
    expect_accuracy(results->rows[0].tasks[0], reference_.at("experts").at(task.name).get<double>());
  }
}

}  // namespace
}  // namespace wootz
