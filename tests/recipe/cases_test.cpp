// Recipes with everything that is to be said of them: in cases/*.yml, lines that start with "#!" are the expected
// findings, "line:column: severity: message" in order, and are taken out before the rest is parsed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "recipe/sample_registry.h"
#include "wootz/recipe/recipe.h"

namespace wootz {
namespace {

constexpr std::string_view kMark = "#! ";

struct Case {
  std::string yaml;
  std::vector<std::string> expected;
};

Case load(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  Case loaded;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(kMark))
      loaded.expected.push_back(line.substr(kMark.size()));
    else
      loaded.yaml += line + "\n";
  }
  return loaded;
}

std::vector<std::string> all_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_RECIPE_CASES))
    if (entry.path().extension() == ".yml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class RecipeCases : public ::testing::TestWithParam<std::string> {};

TEST_P(RecipeCases, SaysExactlyThis) {
  const Case loaded = load(std::string(WOOTZ_RECIPE_CASES) + "/" + GetParam() + ".yml");
  ASSERT_FALSE(loaded.yaml.empty());
  const ParsedRecipe parsed = parse_recipe(loaded.yaml, "r", testing::sample_registry());
  std::vector<std::string> found;
  for (const Diagnostic& item : parsed.diagnostics.items()) {
    std::string text = to_string(item);
    ASSERT_TRUE(text.starts_with("r:")) << text;
    found.push_back(text.substr(text.starts_with("r: ") ? 3 : 2));
  }
  EXPECT_EQ(found, loaded.expected);
  EXPECT_EQ(parsed.recipe.text, loaded.yaml);
}

INSTANTIATE_TEST_SUITE_P(All, RecipeCases, ::testing::ValuesIn(all_cases()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace wootz
