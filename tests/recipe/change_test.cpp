#include "wootz/recipe/change.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "recipe/sample_registry.h"
#include "wootz/recipe/coefficients.h"

namespace wootz {
namespace {

ParsedRecipe parse(const std::string& yaml) { return parse_recipe(yaml, "r", testing::sample_registry()); }

constexpr const char* kRecipe = "merge_method: task_arithmetic\nbase_model: base\nmodels: [{model: a}, {model: b}]\n";

TEST(ChangeRecipe, ASeedBecomesALineOfTheText) {
  const Recipe recipe =
      with_seed(parse("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]").recipe, 7);
  EXPECT_EQ(recipe.seed, 7u);
  EXPECT_EQ(recipe.text, "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\nseed: 7\n");
}

TEST(ChangeRecipe, ASeedIsAComment) {
  const std::string yaml = "{merge_method: linear, models: [{model: a, parameters: {weight: 1}}]}\n";
  const Recipe recipe = with_seed(parse(yaml).recipe, 7);
  EXPECT_EQ(recipe.seed, 7u);
  EXPECT_EQ(recipe.text, yaml + "\n# merged with seed 7 from the command line\n");
}

// For every valid recipe of the cases: the text takes a line exactly where a parser, given the line, finds the seed.
TEST(ChangeRecipe, ALineIsAddedExactlyWhereItIsRead) {
  std::size_t lines = 0;
  std::size_t comments = 0;
  const auto check = [&](const std::string& yaml) {
    const ParsedRecipe parsed = parse(yaml);
    if (parsed.diagnostics.has_errors()) return;
    const ParsedRecipe again = parse(yaml + (yaml.ends_with('\n') ? "" : "\n") + "seed: 123\n");
    const bool read = !again.diagnostics.has_errors() && again.recipe.seed == 123;
    EXPECT_EQ(parsed.recipe.takes_seed_line, read) << yaml;
    (read ? lines : comments) += 1;
  };
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_RECIPE_CASES)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    check(text.str());
  }
  const std::string body = "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n";
  for (const std::string& yaml : std::vector<std::string>{
           body + "...\n", "---\n" + body, "  merge_method: linear\n  models: [{model: a, parameters: {weight: 1}}]\n",
           "{\nmerge_method: linear, models: [{model: a, parameters: {weight: 1}}]\n}\n", "# first\n" + body + "# last",
           body + "seed:\n", "\xEF\xBB\xBF" + body, body + "tokenizer_source: |-\n  x\n"})
    check(yaml);
  EXPECT_GT(lines, 10u);
  EXPECT_GT(comments, 3u);
}

TEST(ChangeRecipe, AdaptChangesAreSettingsAndAComment) {
  const std::string yaml =
      "merge_method: learner\nbase_model: base\nmodels: [{model: a, task: x}]\nadapt: {tasks: t.yml}\n";
  const Recipe recipe =
      with_adapt_changes(parse(yaml).recipe, {.steps = 3, .seed = 4, .corruption = "fog", .severity = 2});
  EXPECT_EQ(recipe.adapt->steps, 3u);
  EXPECT_EQ(recipe.adapt->seed, 4u);
  EXPECT_EQ(recipe.adapt->corruption, "fog");
  EXPECT_EQ(recipe.adapt->severity, 2);
  EXPECT_EQ(recipe.text, yaml + "\n# from the command line: steps: 3 seed: 4 corruption: fog severity: 2\n");
  EXPECT_EQ(with_adapt_changes(parse(yaml).recipe, {}).text, yaml);
}

TEST(ChangeRecipe, ATableMadeInMemoryIsTheOneThatIsWritten) {
  Recipe recipe = parse(std::string(kRecipe) + "parameters: {weight: 1}\n").recipe;
  recipe.parameters.clear();
  CoefficientTable table;
  table.models = {"a", "b"};
  table.rows = {{"x", {0.1, -2.0}}, {"y", {1.0 / 3.0, 0.0}}};
  const auto changed = with_coefficient_table(recipe, table, {"x", "y"}, "learned.yml", "Learned.");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->text,
            "# Learned.\nmerge_method: task_arithmetic\nbase_model: base\nmodels:\n  - model: a\n  - model: b\n"
            "coefficients: learned.yml\n");
  Recipe read = parse(changed->text).recipe;
  EXPECT_FALSE(load_coefficients(read, changed->coefficients->table->text, "learned.yml").has_errors());
  for (const char* tensor : {"x", "y"})
    EXPECT_EQ(*read.coefficients->table->find(tensor), *changed->coefficients->table->find(tensor));
}

TEST(ChangeRecipe, ATableHoldsFiniteNumbers) {
  Recipe recipe = parse(std::string(kRecipe) + "parameters: {weight: 1}\n").recipe;
  CoefficientTable table;
  table.rows = {{"x", {0.1, std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(with_coefficient_table(recipe, table, {"x"}, "learned.yml").error().message,
            "the coefficient nan of tensor 'x' is no finite number");
}

}  // namespace
}  // namespace wootz
