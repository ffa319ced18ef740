// The larger zoo ($WOOTZ_ZOO): merges of eight experts, as PyTorch measured them.
#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "support/zoo_fixture.h"
#include "wootz/search/search.h"

namespace wootz {
namespace {

class ZooSearch : public testing::ZooFixture {
 protected:
  // Averages within 0.1 points: other arithmetic turns a few answers at the border.
  void expect_averages(const std::string& method, const std::string& parameters, const std::string& key) {
    std::string yaml = "merge_method: " + method + "\nbase_model: " + path_ + "/models/base\nmodels:\n";
    for (const Task& task : tasks_) yaml += "  - model: " + path_ + "/models/" + task.name + "\n";
    const ParsedRecipe parsed = parse_recipe(yaml + "parameters: " + parameters + "\n", "r", builtin_methods());
    ASSERT_FALSE(parsed.diagnostics.has_errors()) << parsed.diagnostics.to_error().message;
    SearchOptions options;
    options.grid = {0.3, 0.4};
    options.evaluate.split = "test";
    const auto found = search(files_, parsed.recipe, tasks_, folder_ / "out.yml", options);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->merges, 1u);
    for (const Candidate& candidate : found->candidates) {
      const auto& expected = reference_.at(key).at(fmt::format("{}", candidate.values[0]));
      EXPECT_NEAR(candidate.mean.accuracy, expected.at("avg").get<double>(), 0.001) << candidate.values[0];
    }
  }

  testing::TempDir folder_;
};

TEST_F(ZooSearch, TaskArithmeticIsAsGoodAsItWas) {
  expect_averages("task_arithmetic", "{weight: 1}", "task_arithmetic");
}

TEST_F(ZooSearch, TiesIsAsGoodAsItWas) {
  expect_averages("ties", "{weight: 1, density: 0.2, scope: model, normalize: false}", "ties_top20_sum_whole_model");
}

}  // namespace
}  // namespace wootz
