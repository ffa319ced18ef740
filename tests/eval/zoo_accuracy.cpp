// The larger zoo ($WOOTZ_ZOO): accuracies as PyTorch measured them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "wootz/eval/evaluate_models.h"

namespace wootz {
namespace {

class ZooAccuracy : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* zoo = std::getenv("WOOTZ_ZOO");
    if (zoo == nullptr || !files_.exists(join_path(zoo, "results.json")))
      GTEST_SKIP() << "WOOTZ_ZOO names no zoo; set it to measure real models";
    path_ = zoo;
    reference_ = nlohmann::json::parse(read_text(files_, join_path(path_, "results.json"), 1 << 20).value());
    for (const auto& [task, accuracy] : reference_.at("base").items()) {
      if (task == "avg") continue;
      Task& added = tasks_.emplace_back();
      added.name = task;
      added.data.format = "idx";
      added.data.path = path_ + "/data/" + task;
      added.head = path_ + "/heads/" + task + ".safetensors";
    }
  }

  // As many right as there, but for two: other arithmetic may turn an answer at the border.
  void expect_accuracy(const TaskResult& result, double reference) const {
    const auto n = static_cast<double>(result.score.n);
    EXPECT_NEAR(result.score.accuracy, reference, 2.0 / n + 5e-5) << result.task;
  }

  FileSystem& files_ = posix_file_system();
  std::string path_;
  nlohmann::json reference_;
  std::vector<Task> tasks_;
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
