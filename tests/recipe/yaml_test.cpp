// Texts that no .yml file can hold, or that are too large to keep.
#include <gtest/gtest.h>

#include "recipe/sample_registry.h"
#include "support/matchers.h"
#include "wootz/recipe/recipe.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kGood = "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n";

std::vector<std::string> findings(const std::string& yaml) {
  std::vector<std::string> found;
  const ParsedRecipe parsed = parse_recipe(yaml, "r", testing::sample_registry());
  for (const Diagnostic& item : parsed.diagnostics.items()) found.push_back(to_string(item));
  return found;
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(RecipeText, TakesByteOrderMarkAndWindowsLineEnds) {
  EXPECT_THAT(findings("\xEF\xBB\xBF" + kGood), IsEmpty());
  EXPECT_THAT(findings("merge_method: linear\r\nmodels:\r\n  - model: a\r\n    parameters: {weight: 1}\r\n"),
              IsEmpty());
}

TEST(RecipeText, TakesUtf8Names) {
  const ParsedRecipe parsed = parse_recipe(
      "merge_method: linear\nmodels: [{model: mod\xC3\xA8les/\xE6\xA8\xA1, "
      "parameters: {weight: 1}}]\n",
      "r", testing::sample_registry());
  EXPECT_FALSE(parsed.diagnostics.has_errors());
  EXPECT_EQ(parsed.recipe.models.at(0).reference, "mod\xC3\xA8les/\xE6\xA8\xA1");
}

TEST(RecipeText, RefusesControlCharacters) {
  EXPECT_THAT(findings(kGood + "a\x04"),
              ElementsAre("r:3:2: error: control character 0x04: YAML is plain text; remove it"));
  EXPECT_THAT(findings(std::string("a\0b", 3)),
              ElementsAre("r:1:2: error: control character 0x00: YAML is plain text; remove it"));
}

TEST(RecipeText, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(findings("a: \xFF"), ElementsAre("r:1:4: error: not UTF-8 text (byte 0xff): save the file as UTF-8"));
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xC3",
                          "\xE6\xA8", "\xF5\x80\x80\x80", "\x80"})
    EXPECT_THAT(findings(bad), ElementsAre(testing::HasSubstr("1:1: error: not UTF-8 text"))) << bad;
}

TEST(RecipeText, RefusesLargeFilesUnread) {
  EXPECT_THAT(findings(std::string((1U << 20) + 1, '#')),
              ElementsAre("r: error: the file has 1048577 bytes, at most 1048576 are read: is it the right one?"));
  EXPECT_THAT(findings(kGood + std::string((1U << 20) - kGood.size(), '#')), IsEmpty());
}

TEST(RecipeText, BoundsDepth) {
  const std::string deep = "x: " + repeated("[", 100) + repeated("]", 100);
  EXPECT_THAT(findings(deep), ElementsAre("r:1:35: error: nested deeper than 32 levels: nothing here needs that"));
  EXPECT_THAT(findings(repeated("- ", 100'000)),
              ElementsAre("r:1:65: error: nested deeper than 32 levels: nothing here needs that"));
  EXPECT_THAT(findings("x: " + repeated("[", 500'000)), ElementsAre(testing::HasSubstr("cannot be a key")));
}

TEST(RecipeText, BoundsAliases) {
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'k'; ++name)
    laughs += fmt::format("{0}: &{0} [{1}]\n", name, repeated(fmt::format("*{}, ", static_cast<char>(name - 1)), 10));
  EXPECT_THAT(findings(laughs), ElementsAre("r:6:16: error: more than 250000 values when the aliases are "
                                            "written out"));
}

TEST(RecipeText, BoundsMergeKeys) {
  std::string yaml = "a: &a {";
  for (int i = 0; i < 1000; ++i) yaml += fmt::format("k{}: 1, ", i);
  yaml += "}\nmodels:\n" + repeated("- {<<: *a}\n", 1000);
  EXPECT_THAT(findings(yaml), ElementsAre(testing::HasSubstr("more than 250000 values")));
}

TEST(RecipeText, ShortensWhatItQuotes) {
  EXPECT_THAT(findings("merge_method: " + std::string(500, 'x') + "\nmodels: [{model: a}]\n"),
              ElementsAre("r:1:15: error: unknown merge_method '" + std::string(80, 'x') +
                          "...' (valid: della, geodesic, learner, linear, model_stock, slerp, task_arithmetic, ties)"));
  // A cut never splits a character.
  EXPECT_THAT(findings("merge_method: " + std::string(79, 'x') + "\xE6\xA8\xA1\nmodels: [{model: a}]\n"),
              ElementsAre(testing::HasSubstr("'" + std::string(79, 'x') + "...'")));
}

TEST(RecipeText, EmptyTextIsAnError) {
  for (const char* text : {"", "\n", "---\n", "~", "# nothing"})
    EXPECT_THAT(findings(text),
                ElementsAre("r: error: the recipe is empty: it needs at least 'merge_method' and 'models'"))
        << text;
}

TEST(RecipeText, ErrorsAreUsageErrors) {
  const ParsedRecipe parsed = parse_recipe("x: 1", "r", testing::sample_registry());
  ASSERT_TRUE(parsed.diagnostics.has_errors());
  EXPECT_EQ(exit_code(parsed.diagnostics.to_error().kind), 2);
}

}  // namespace
}  // namespace wootz
