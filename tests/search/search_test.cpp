// Whole searches on tiny networks.
#include <filesystem>

#include "search_fixture.h"
#include "support/matchers.h"
#include "wootz/engine/plan/coefficient_file.h"
#include "wootz/search/move_recipe.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Search : public testing::SearchTest {
 protected:
  std::string error(const std::string& yaml, const std::vector<Task>& tasks, const SearchOptions& options = {},
                    const std::string& out = "out.yml") const {
    const auto found = run(yaml, tasks, options, out);
    if (found) return "";
    EXPECT_FALSE(exists("out.yml.wootz-work"));
    return found.error().message;
  }

  const std::string yaml_ = recipe_text("task_arithmetic");
  const std::string answer_ = recipe_text("task_arithmetic", "parameters: {lambda: 0.6}\n");
};

TEST_F(Search, FindsTheLambdaThatGaveTheAnswers) {
  const auto found = run(yaml_, tasks_answered_by(answer_));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->parameter, "lambda");
  EXPECT_EQ(found->route, Route::kScaled);
  EXPECT_EQ(found->merges, 1u);
  ASSERT_EQ(found->candidates.size(), 11u);
  for (std::size_t i = 0; i < 11; ++i)
    EXPECT_THAT(found->candidates[i].values, ElementsAre(static_cast<double>(i) / 10.0));
  EXPECT_EQ(found->best, 6u);
  EXPECT_EQ(found->candidates[6].mean.accuracy, 1.0);
  EXPECT_LT(found->candidates[0].mean.accuracy, 1.0);
  ASSERT_EQ(found->candidates[6].tasks.size(), 2u);
  EXPECT_EQ(found->candidates[6].tasks[1].task, "two");
  EXPECT_EQ(found->split, "validation");
  EXPECT_FALSE(found->test_labels);
  EXPECT_LT(found->candidates[6].tasks[0].items, kItems);  // a share of the training items
}

TEST_F(Search, WritesARecipeThatSaysHowItWasFound) {
  ASSERT_TRUE(run(yaml_, tasks_answered_by(answer_)));
  const std::string text = testing::read_file(folder_ / "out.yml");
  EXPECT_TRUE(
      text.starts_with("# lambda found by wootz search (grid), the best of 11 candidates.\n"
                       "# Split 'validation', no test labels used.\n"
                       "# Mean accuracy over 2 tasks: 100.00 %.\n#   one: 100.00 % of "))
      << text;
  EXPECT_THAT(text, HasSubstr("{model: a, parameters: {weight: 0.9}}"));
  EXPECT_THAT(text, HasSubstr("parameters: {lambda: 0.6}\n"));
  EXPECT_FALSE(exists("out.yml.wootz-work"));
  const Recipe again = recipe(text);
  EXPECT_TRUE(open_and_plan(posix_file_system(), again));
}

TEST_F(Search, GoldenSectionGetsCloseToIt) {
  SearchOptions options;
  options.method = SearchMethod::kGolden;
  options.low = 0.2;
  options.high = 0.9;
  options.evaluations = 9;
  const auto found = run(yaml_, tasks_answered_by(answer_), options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->candidates.size(), 9u);
  EXPECT_NEAR(found->candidates[found->best].values[0], 0.6, 0.1);
  EXPECT_GT(found->candidates[found->best].mean.accuracy, 0.9);
}

TEST_F(Search, CmaFindsAWeightForEachModel) {
  const auto tasks = tasks_answered_by(recipe_text("task_arithmetic", "", "0.1"));
  SearchOptions options;
  options.method = SearchMethod::kCma;
  options.evaluations = 40;
  options.seed = 2;
  const auto found = run(yaml_, tasks, options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->route, Route::kAdded);
  EXPECT_THAT(found->models, ElementsAre("a", "b"));
  EXPECT_EQ(found->merges, 2u);
  EXPECT_EQ(found->candidates.size(), 36u);  // of both means and generations of 6
  EXPECT_GT(found->candidates[found->best].mean.accuracy, 0.9);
  const auto& best = found->candidates[found->best].values;
  EXPECT_THAT(testing::read_file(folder_ / "out.yml"),
              HasSubstr(fmt::format("  - {{model: a, parameters: {{weight: {}}}}}\n", best[0])));
  const auto again = run(yaml_, tasks, options, "again.yml");
  EXPECT_EQ(testing::read_file(folder_ / "again.yml"), testing::read_file(folder_ / "out.yml"));
}

TEST_F(Search, MergesForEachCandidateWhereItMust) {
  const std::string slerp = "merge_method: slerp\nbase_model: base\nmodels:\n  - model: a\nparameters: {t: 0.8}\n";
  SearchOptions options;
  options.grid = {0.2, 0.8, 1.0};
  const auto found = run(slerp, tasks_answered_by(slerp), options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->route, Route::kMerged);
  EXPECT_EQ(found->merges, 3u);
  EXPECT_EQ(found->best, 1u);
  EXPECT_FALSE(exists("out.yml.wootz-work"));
}

TEST_F(Search, ShowsItsProgress) {
  const auto tasks = tasks_answered_by(answer_);
  std::vector<Progress> seen;
  SearchOptions options;
  options.grid = {0.2, 0.5, 0.7};
  options.progress = [&](const Progress& progress) { seen.push_back(progress); };
  ASSERT_TRUE(run(yaml_, tasks, options));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().phase, "searching");
  EXPECT_EQ(seen.back().done, seen.back().total);
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_GE(seen[i].moved, seen[i - 1].moved);
}

TEST_F(Search, SaysSoWhenItSawTheTestLabels) {
  const auto tasks = tasks_answered_by(answer_);
  SearchOptions options;
  options.evaluate.split = "test";
  options.grid = {0.6};
  options.evaluate.max_items = 10;
  const auto found = run(yaml_, tasks, options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->test_labels);
  EXPECT_EQ(found->candidates[0].tasks[0].items, 10u);
  EXPECT_THAT(testing::read_file(folder_ / "out.yml"), HasSubstr("this is what a task is tested on"));
}

TEST_F(Search, ChecksEverythingFirst) {
  auto tasks = tasks_answered_by(answer_);
  SearchOptions options;
  options.parameter = "lamda";
  EXPECT_THAT(error(yaml_, tasks, options), HasSubstr("did you mean 'lambda'?"));
  options.parameter = "weight";
  EXPECT_THAT(error(recipe_text("ties"), tasks, options), HasSubstr("one weight for all models changes nothing"));
  options.parameter = "density";
  options.grid = {0.5, 1.5};
  EXPECT_THAT(error(yaml_, tasks, options), HasSubstr("at most 1"));
  options = {};
  options.method = SearchMethod::kCma;
  options.evaluations = 5;
  EXPECT_THAT(error(yaml_, tasks, options), HasSubstr("needs at least 8 evaluations here, not 5"));
  options.method = SearchMethod::kGolden;
  options.low = 2.0;
  EXPECT_THAT(error(yaml_, tasks, options), HasSubstr("the range 2 to 1 is empty"));
  EXPECT_THAT(error(yaml_, {}), HasSubstr("no task"));
  tasks[1].head = "none.safetensors";
  EXPECT_THAT(error(yaml_, tasks), HasSubstr("task 'two': no head at"));
  EXPECT_FALSE(exists("out.yml"));
}

TEST_F(Search, LeavesNothingBehindWhenItFails) {
  const auto tasks = tasks_answered_by(answer_);
  SearchOptions options;
  options.grid = {0.5, 1e37};  // the network overflows
  EXPECT_THAT(error(yaml_, tasks, options), HasSubstr("candidate 2 (lambda 1e+37): task 'one': "));
  EXPECT_FALSE(exists("out.yml"));
}

TEST_F(Search, DoesNotReplaceWithoutBeingTold) {
  const auto tasks = tasks_answered_by(answer_);
  testing::write_file(folder_ / "out.yml", "mine");
  EXPECT_THAT(error(yaml_, tasks), HasSubstr("out.yml exists"));
  EXPECT_THAT(error(yaml_, tasks, {}, "base"), HasSubstr("is a directory"));
  EXPECT_EQ(testing::read_file(folder_ / "out.yml"), "mine");
  SearchOptions options;
  options.grid = {0.1};
  options.overwrite = true;
  EXPECT_EQ(error(yaml_, tasks, options), "");
  EXPECT_THAT(testing::read_file(folder_ / "out.yml"), HasSubstr("lambda: 0.1"));
}

TEST_F(Search, ItsRecipeNamesTheSameModelsFromAnotherFolder) {
  SearchOptions options;
  options.grid = {0.3};
  options.work_directory = folder_ / "elsewhere/work";
  ASSERT_TRUE(run(yaml_, tasks_answered_by(answer_), options, "deep/er/out.yml"));
  const std::string text = testing::read_file(folder_ / "deep/er/out.yml");
  EXPECT_THAT(text, HasSubstr("base_model: ../../base\n"));
  EXPECT_THAT(text, HasSubstr("{model: ../../a, "));
  EXPECT_FALSE(exists("elsewhere/work"));
  const ParsedRecipe moved = parse_recipe(text, folder_ / "deep/er/out.yml", builtin_methods());
  const auto plan = open_and_plan(posix_file_system(), moved.recipe);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->sources.lanes.size(), 2u);
}

TEST(MoveRecipe, LeavesAbsolutePathsAndHubNames) {
  const testing::TempDir folder;
  testing::write_file(folder / "m/x/config.json", "{}");
  std::filesystem::create_directories(folder / "to");
  const std::string absolute = folder / "m/x";
  const std::string yaml =
      "merge_method: linear\nbase_model: ./x/\nmodels:\n- {model: x, parameters: {weight: 1}}\n- {model: " + absolute +
      ", parameters: {weight: 1}}\n- {model: org/name@main, parameters: {weight: 1}}\n"
      "tokenizer_source: x\n";
  const std::string table = "coefficients: tables/x.yml\nmerge_method: linear\nmodels: [{model: x}]\n";
  Recipe recipe = parse_recipe(yaml, folder / "m/recipe.yml", builtin_methods()).recipe;
  move_recipe(posix_file_system(), recipe, folder / "m/out.yml");
  EXPECT_EQ(recipe.base->reference, "./x/");
  move_recipe(posix_file_system(), recipe, folder / "to/out.yml");
  EXPECT_EQ(recipe.base->reference, "../m/x");
  EXPECT_EQ(recipe.models[0].reference, "../m/x");
  EXPECT_EQ(recipe.models[1].reference, absolute);
  EXPECT_EQ(recipe.models[2].reference, "org/name@main");
  EXPECT_EQ(recipe.tokenizer_source, "../m/x");
  Recipe other = parse_recipe(table, folder / "m/recipe.yml", builtin_methods()).recipe;
  move_recipe(posix_file_system(), other, folder / "to/out.yml");
  EXPECT_EQ(other.coefficients->path, "../m/tables/x.yml");
}

// Round trips of text are tests/recipe's; here the plans are held against each other.
TEST(WrittenRecipes, PlanAsTheExamplesDo) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_EXAMPLES "/recipes")) {
    if (entry.path().extension() != ".yml") continue;
    SCOPED_TRACE(entry.path());
    const std::string yaml = testing::read_file(entry.path());
    Recipe recipe = parse_recipe(yaml, entry.path(), builtin_methods()).recipe;
    Recipe written = parse_recipe(write_recipe(recipe), entry.path(), builtin_methods()).recipe;
    ASSERT_FALSE(read_coefficients(posix_file_system(), recipe).has_errors());
    ASSERT_FALSE(read_coefficients(posix_file_system(), written).has_errors());
    const auto expected = open_and_plan(posix_file_system(), recipe);
    const auto found = open_and_plan(posix_file_system(), written);
    ASSERT_TRUE(expected && found);
    ASSERT_EQ(found->groups(), expected->groups());
    ASSERT_EQ(found->merged_tensors.size(), expected->merged_tensors.size());
    for (std::size_t g = 0; g < found->groups(); ++g)
      for (std::size_t t = 0; t < found->merged_tensors.size(); ++t) {
        const ParamSet& a = found->context(g, t).params;
        const ParamSet& b = expected->context(g, t).params;
        const MethodSpec& method = g < recipe.transforms.size() ? *recipe.transforms[g].method : *recipe.method;
        for (const ParamSpec& spec : method.parameters)
          for (std::size_t k = 0; spec.type == ParamType::kNumber && k < a.count(spec.name); ++k)
            ASSERT_EQ(a.of_model(spec.name, k), b.of_model(spec.name, k)) << spec.name;
      }
    ++count;
  }
  EXPECT_GE(count, 13u);
}

}  // namespace
}  // namespace wootz
