#include "wootz/recipe/write_recipe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "recipe/sample_registry.h"

namespace wootz {
namespace {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Everything a recipe says but places and text, so that recipes can be compared.
std::string said(const std::vector<ParamSetting>& settings) {
  std::string out;
  for (const ParamSetting& setting : settings) {
    out += setting.name + ":";
    for (const ParamRule& rule : setting.rules) {
      out += " '" + rule.filter + "'";
      for (const double anchor : rule.anchors) out += fmt::format(" {}", anchor);
    }
    out += ";";
  }
  return out;
}

std::string said(const Recipe& recipe) {
  std::string out = recipe.method->name + "\n";
  if (recipe.base) out += "base " + recipe.base->reference + "\n";
  for (const RecipeModel& model : recipe.models) out += model.reference + " " + said(model.parameters) + "\n";
  out += said(recipe.parameters) + "\n";
  for (const RecipeTransform& transform : recipe.transforms)
    out += transform.method->name + " " + said(transform.parameters) + "\n";
  for (const RecipeTransform& update : recipe.updates)
    out += "update " + update.method->name + " " + said(update.parameters) + "\n";
  if (recipe.coefficients) out += "coefficients " + recipe.coefficients->path + "\n";
  const auto word = [](const std::optional<Dtype>& dtype) { return dtype ? dtype_name(*dtype) : "-"; };
  return out + fmt::format("{} {} {} {}", word(recipe.dtype), word(recipe.out_dtype),
                           recipe.tokenizer_source.value_or("-"), recipe.seed);
}

void expect_same_again(const std::string& yaml, const Registry& registry) {
  const ParsedRecipe parsed = parse_recipe(yaml, "r", registry);
  ASSERT_FALSE(parsed.diagnostics.has_errors()) << parsed.diagnostics.to_error().message;
  const std::string written = write_recipe(parsed.recipe, "why\n\nand how");
  EXPECT_TRUE(written.starts_with("# why\n#\n# and how\nmerge_method: ")) << written;
  const ParsedRecipe again = parse_recipe(written, "r", registry);
  ASSERT_FALSE(again.diagnostics.has_errors()) << written << again.diagnostics.to_error().message;
  EXPECT_EQ(said(again.recipe), said(parsed.recipe)) << written;
  EXPECT_EQ(write_recipe(again.recipe), write_recipe(parsed.recipe));
}

TEST(WriteRecipe, GivesBackEveryExample) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_EXAMPLE_RECIPES)) {
    if (entry.path().extension() != ".yml") continue;
    SCOPED_TRACE(entry.path());
    expect_same_again(file_text(entry.path()), builtin_methods());
    ++count;
  }
  EXPECT_GE(count, 13u);
}

TEST(WriteRecipe, GivesBackEveryValidCase) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_RECIPE_CASES)) {
    const std::string yaml = file_text(entry.path());
    const ParsedRecipe parsed = parse_recipe(yaml, "r", testing::sample_registry());
    if (parsed.diagnostics.has_errors() || parsed.recipe.adapt) continue;
    SCOPED_TRACE(entry.path());
    expect_same_again(yaml, testing::sample_registry());
    ++count;
  }
  EXPECT_GE(count, 10u);
}

TEST(WriteRecipe, KeepsEveryForm) {
  expect_same_again(R"(merge_method: ties
base_model: {model: {path: "a+b", revision: v2}}
models:
  - {model: org/name@main, parameters: {weight: [0, 0.25, 1], density: [{filter: mlp, value: [1, 0.5]}, {value: 0.1}]}}
  - {model: "café \"x\": {y}, z", parameters: {weight: 1.0e-7, density: 1}}
  - {model: "true", parameters: {weight: -0.3, density: 0.30000000000000004}}
  - {model: "12", parameters: {weight: 3, density: 0}}
parameters: {scope: model, normalize: no, rescale: on, lambda: [{filter: "a: b#c\\", value: 0.1}, {value: 123456789}]}
dtype: torch.bfloat16
out_dtype: float64
tokenizer_source: {model: base}
seed: 18446744073709551615
)",
                    builtin_methods());
  expect_same_again(R"(merge_method: task_arithmetic
base_model: base
task_vectors: [trim, {ties: {density: 0.1, scope: tensor}}, {awd: {iterations: 7, step: 1.0e-5}}]
models: [{model: a, parameters: {weight: 1}}]
)",
                    builtin_methods());
}

TEST(WriteRecipe, ChangesOnlyThePathOfTheCoefficients) {
  const auto changed = [](const std::string& coefficients) {
    const std::string before = "# why\nmerge_method: linear  # so\nmodels: [{model: a}]\n";
    const ParsedRecipe parsed = parse_recipe(before + coefficients, "r", builtin_methods());
    EXPECT_FALSE(parsed.diagnostics.has_errors()) << parsed.diagnostics.to_error().message;
    const std::string text = with_coefficients(parsed.recipe, "it's.yml");
    const ParsedRecipe again = parse_recipe(text, "r", builtin_methods());
    EXPECT_EQ(again.recipe.coefficients->path, "it's.yml") << text;
    EXPECT_EQ(again.recipe.dtype, parsed.recipe.dtype);
    return text.starts_with(before) ? text.substr(before.size()) : "written anew";
  };
  EXPECT_EQ(changed("coefficients: dir/a b.yml # here\ndtype: float16\n"),
            "coefficients: \"it's.yml\" # here\ndtype: float16\n");
  EXPECT_EQ(changed("\"coefficients\" :  'dir/x'\r\n"), "\"coefficients\" :  \"it's.yml\"\r\n");
  EXPECT_EQ(changed("coefficients: \"x\""), "coefficients: \"it's.yml\"");
  EXPECT_EQ(changed("coefficients: \"a\\x2fb\"\n"), "written anew");
  EXPECT_EQ(changed("coefficients: &x a/float16\ndtype: float16\n"), "written anew");
  EXPECT_EQ(changed("coefficients:\n  a/b\n"), "written anew");
}

TEST(WriteRecipe, ReadsWell) {
  const ParsedRecipe parsed = parse_recipe(
      "merge_method: ties\nbase_model: ../base\nmodels:\n- model: a/b\n  parameters:\n    weight: 1.0\n- model: ./c\n"
      "parameters:\n  weight: 0.3\n  normalize: 0\n",
      "r", builtin_methods());
  EXPECT_EQ(write_recipe(parsed.recipe), R"(merge_method: ties
base_model: ../base
models:
  - {model: a/b, parameters: {weight: 1}}
  - model: ./c
parameters: {weight: 0.3, normalize: false}
)");
}

}  // namespace
}  // namespace wootz
