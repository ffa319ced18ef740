// The recipes of docs/recipes.md, read with the methods that are really there.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/matchers.h"
#include "wootz/recipe/recipe.h"

namespace wootz {
namespace {

std::string guide() {
  std::ifstream stream(WOOTZ_RECIPE_GUIDE, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> findings(const std::string& yaml, std::string file) {
  const ParsedRecipe parsed = parse_recipe(yaml, std::move(file), builtin_methods());
  std::vector<std::string> found;
  for (const Diagnostic& item : parsed.diagnostics.items()) found.push_back(to_string(item));
  return found;
}

// The lines between two texts that are indented by four, without the indentation.
std::vector<std::string> indented(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  EXPECT_NE(begin, std::string::npos) << from;
  std::istringstream part(text.substr(begin, text.find(to, begin) - begin));
  std::vector<std::string> lines;
  for (std::string line; std::getline(part, line);)
    if (line.starts_with("    ")) lines.push_back(line.substr(4));
  return lines;
}

TEST(RecipeGuide, ItsRecipesAreFlawless) {
  const std::string text = guide();
  int recipes = 0;
  for (std::size_t at = text.find("```yaml\n"); at != std::string::npos; at = text.find("```yaml\n", at + 1)) {
    const std::size_t begin = text.find('\n', at) + 1;
    const std::string yaml = text.substr(begin, text.find("```", begin) - begin);
    EXPECT_THAT(findings(yaml, "r"), testing::IsEmpty()) << yaml;
    ++recipes;
  }
  EXPECT_GE(recipes, 5);
}

TEST(RecipeGuide, ItsErrorsAreTheRealOnes) {
  const std::string text = guide();
  std::string yaml;
  for (const std::string& line : indented(text, "This recipe has", "<!-- checked")) yaml += line + "\n";
  EXPECT_EQ(findings(yaml, "recipe.yml"), indented(text, "<!-- checked", "A wrong recipe"));
}

}  // namespace
}  // namespace wootz
