#include "wootz/eval/results.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

TaskResult task_result(const std::string& task, std::vector<int> labels) {
  TaskResult result;
  result.task = task;
  result.split = "test";
  std::vector<float> logits;
  for (std::size_t i = 0; i < labels.size(); ++i) logits.insert(logits.end(), {2.0f, 1.0f});  // always class 0
  result.score = score(logits, labels, 2);
  result.class_names = {"no", "yes"};
  return result;
}

Results sample() {
  Results results;
  results.precision = "float32";
  results.rows.push_back({"models/b", std::nullopt, {task_result("b", {0, 1}), task_result("a", {0, 0, 0, 1})}});
  results.rows.push_back({"models/b", Corruption{CorruptionKind::kContrast, 3}, {task_result("b", {1, 1})}});
  return results;
}

TEST(ResultsJson, HasTheDocumentedKeys) {
  Results results = sample();
  results.rows[0].tasks[0].skipped = {"7.png: damaged"};
  const ordered_json json = ordered_json::parse(results_json(results, {.per_class = true}));
  const ordered_json& first = json["results"][0];
  EXPECT_EQ(first["model"], "models/b");
  EXPECT_EQ(first["precision"], "float32");
  EXPECT_FALSE(first.contains("corruption"));
  EXPECT_EQ(first["tasks"].begin().key(), "b");  // in the catalogue's order
  EXPECT_EQ(first["tasks"]["b"]["accuracy"], 0.5);
  EXPECT_EQ(first["tasks"]["b"]["correct"], 1);
  EXPECT_EQ(first["tasks"]["b"]["n"], 2);
  EXPECT_EQ(first["tasks"]["b"]["split"], "test");
  EXPECT_EQ(first["tasks"]["b"]["skipped"][0], "7.png: damaged");
  EXPECT_FALSE(first["tasks"]["a"].contains("skipped"));
  EXPECT_EQ(first["tasks"]["a"]["accuracy"], 0.75);
  EXPECT_EQ(first["average"], 0.625);
  EXPECT_FALSE(first.contains("average_normalized"));
  for (const char* key : {"low", "high", "calibration_error", "loss", "entropy"})
    EXPECT_TRUE(first["tasks"]["a"][key].is_number()) << key;
  const ordered_json& yes = first["tasks"]["a"]["per_class"][1];
  EXPECT_EQ(yes, ordered_json::parse(
                     R"({"label": 1, "name": "yes", "accuracy": 0.0, "correct": 0, "n": 1, "predicted": 0})"));
  EXPECT_EQ(json["results"][1]["corruption"], "contrast");
  EXPECT_EQ(json["results"][1]["severity"], 3);
}

TEST(ExpertAccuracies, TakesATasksOwnModelOrElseTheBest) {
  const testing::TempDir directory;
  const std::string path = directory / "experts.json";
  Results earlier = sample();
  earlier.rows.push_back({"models/a", std::nullopt, {task_result("b", {0, 0}), task_result("a", {0, 1, 1, 1})}});
  earlier.rows.push_back({"models/c", std::nullopt, {task_result("d", {0, 1}), task_result("a", {0, 0, 0, 0})}});
  testing::write_file(path, results_json(earlier, {}));
  const auto experts = ExpertAccuracies::load(posix_file_system(), path);
  ASSERT_TRUE(experts.has_value()) << experts.error().message;
  EXPECT_EQ(experts->find("b", std::nullopt), 0.5);
  EXPECT_EQ(experts->find("a", std::nullopt), 0.25);
  EXPECT_EQ(experts->find("d", std::nullopt), 0.5);
  EXPECT_EQ(experts->find("b", Corruption{CorruptionKind::kContrast, 3}), 0.0);
  EXPECT_EQ(experts->find("b", Corruption{CorruptionKind::kContrast, 4}), std::nullopt);
  EXPECT_EQ(experts->find("e", std::nullopt), std::nullopt);

  Results results = sample();
  normalize(results, *experts);
  EXPECT_EQ(results.rows[0].tasks[0].normalized, 1.0);
  EXPECT_EQ(results.rows[0].tasks[1].normalized, 3.0);
  EXPECT_EQ(results.rows[0].average_normalized(), 2.0);
  EXPECT_EQ(results.rows[1].tasks[0].normalized, std::nullopt);  // the expert is right on nothing
  EXPECT_EQ(results.rows[1].average_normalized(), std::nullopt);
  EXPECT_THAT(results_json(results, {}), HasSubstr("\"average_normalized\": 2.0"));

  for (const char* text : {"", "{}", R"({"results": [{"model": 1}]})", R"({"results": {"a": 1}})"}) {
    testing::write_file(path, text);
    const auto failed = ExpertAccuracies::load(posix_file_system(), path);
    ASSERT_FALSE(failed.has_value()) << text;
    EXPECT_THAT(failed.error().message, HasSubstr("is not what 'wootz eval --json' prints"));
  }
}

}  // namespace
}  // namespace wootz
