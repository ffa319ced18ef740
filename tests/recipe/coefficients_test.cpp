#include "wootz/recipe/coefficients.h"

#include <gtest/gtest.h>

#include "recipe/sample_registry.h"
#include "support/matchers.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pointee;

std::vector<std::string> texts_of(const Diagnostics& diagnostics) {
  std::vector<std::string> texts;
  for (const Diagnostic& item : diagnostics.items()) texts.push_back(to_string(item));
  return texts;
}

// What a text is found to say, which must be nothing when there is a table.
std::vector<std::string> findings(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto table = parse_coefficients(yaml, "t", diagnostics);
  EXPECT_EQ(table.has_value(), !diagnostics.has_errors());
  return texts_of(diagnostics);
}

CoefficientTable table_of(const std::string& yaml) {
  Diagnostics diagnostics;
  auto table = parse_coefficients(yaml, "t", diagnostics);
  EXPECT_THAT(texts_of(diagnostics), IsEmpty());
  return table.value_or(CoefficientTable{});
}

constexpr const char* kRecipe = R"(merge_method: task_arithmetic
base_model: models/base
coefficients: t.yml
models: [{model: models/mnist}, {model: models/base}, {model: org/eurosat@main}]
)";

struct Loaded {
  Recipe recipe;
  std::vector<std::string> findings;
};

Loaded load(const std::string& table, const std::string& yaml = kRecipe) {
  ParsedRecipe parsed = parse_recipe(yaml, "r", testing::sample_registry());
  EXPECT_THAT(texts_of(parsed.diagnostics), IsEmpty());
  Loaded loaded{std::move(parsed.recipe), {}};
  const Diagnostics found = load_coefficients(loaded.recipe, table, "t");
  loaded.findings = texts_of(found);
  EXPECT_EQ(loaded.recipe.coefficients->table == nullptr, found.has_errors());
  return loaded;
}

std::vector<double> weights(const Recipe& recipe, const std::string& tensor) {
  return resolve_parameters(*recipe.method, recipe, recipe.parameters, tensor, {}).numbers("weight");
}

// A list of `count` rows, row i being [i, -i].
std::string positions(std::size_t count) {
  std::string rows = "rows:\n";
  for (std::size_t i = 0; i < count; ++i) rows += fmt::format("  - [{}, -{}]\n", i, i);
  return rows;
}

TEST(Coefficients, RowsAreByName) {
  const CoefficientTable table =
      table_of("models: [mnist, eurosat]\ndefault: [0.3, 1e-3]\ntensors:\n  a.weight: [0.31, -2]\n  '1': [0, 1]\n");
  EXPECT_THAT(table.models, ElementsAre("mnist", "eurosat"));
  EXPECT_THAT(table.find("a.weight"), Pointee(ElementsAre(0.31, -2.0)));
  EXPECT_THAT(table.find("1"), Pointee(ElementsAre(0.0, 1.0)));
  EXPECT_THAT(table.find("b"), Pointee(ElementsAre(0.3, 0.001)));
  EXPECT_EQ(table_of("tensors: {a: 1}").find("b"), nullptr);
}

TEST(Coefficients, WrittenTablesReadBackBitForBit) {
  CoefficientTable table;
  table.models = {"models/a", "b: c", "true"};
  table.fallback = {0.1 + 0.2, -0.0, 5e-324};
  table.rows["x.weight"] = {1.0 / 3.0, 1e22, 1.7976931348623157e308};
  table.rows["null"] = {-1e-7, 0.3, 2};
  table.rows["left out"] = {0, 0, 0};
  const std::string text = write_coefficients(table, {"x.weight", "missing", "null"}, "learned\non data");
  EXPECT_TRUE(text.starts_with("# learned\n# on data\nmodels: [models/a, \"b: c\", \"true\"]\n")) << text;
  const CoefficientTable again = table_of(text);
  table.rows.erase("left out");
  EXPECT_EQ(again.models, table.models);
  EXPECT_EQ(again.fallback, table.fallback);
  EXPECT_TRUE(std::signbit(again.fallback->at(1)));
  EXPECT_EQ(again.rows, table.rows);
  EXPECT_EQ(again.named.front().tensor, "x.weight");
  EXPECT_EQ(write_coefficients(again, {"x.weight", "null"}, "learned\non data"), text);
}

TEST(Coefficients, TablesByPositionReachTheNames) {
  const CoefficientTable open_clip = table_of("order: openclip\n" + positions(158));
  EXPECT_EQ(open_clip.blocks, 12u);
  for (const char* name :
       {"vision_model.encoder.layers.11.self_attn.q_proj.weight",
        "vision_model.encoder.layers.11.self_attn.k_proj.weight", "encoder.layers.11.self_attn.v_proj.weight",
        "model.visual.transformer.resblocks.11.attn.in_proj_weight"})
    EXPECT_THAT(open_clip.find(name), Pointee(ElementsAre(9 + 11 * 12 + 2, -(9 + 11 * 12 + 2)))) << name;
  EXPECT_THAT(open_clip.find("visual_projection.weight"), Pointee(ElementsAre(5, -5)));
  EXPECT_THAT(open_clip.find("vision_model.post_layernorm.bias"), Pointee(ElementsAre(154, -154)));
  EXPECT_THAT(open_clip.find("model.ln_final.bias"), Pointee(ElementsAre(157, -157)));

  const CoefficientTable transformers = table_of("order: transformers\n" + positions(391));
  EXPECT_EQ(transformers.blocks, 24u);
  EXPECT_THAT(transformers.find("encoder.layers.0.self_attn.k_proj.weight"), Pointee(ElementsAre(5, -5)));
  EXPECT_THAT(transformers.find("encoder.layers.0.self_attn.q_proj.weight"), Pointee(ElementsAre(9, -9)));
  EXPECT_THAT(transformers.find("vision_model.post_layernorm.bias"), Pointee(ElementsAre(390, -390)));
  EXPECT_EQ(transformers.find("visual_projection.weight"), nullptr);
}

TEST(Coefficients, ASingleRowIsForAllTensors) {
  EXPECT_THAT(table_of("rows: [[0.1, 0.2]]").find("anything"), Pointee(ElementsAre(0.1, 0.2)));
  EXPECT_THAT(table_of("order: openclip\nrows:\n- [0.1, 0.2]\n").find("x"), Pointee(ElementsAre(0.1, 0.2)));
}

TEST(Coefficients, SaysAllThatIsWrong) {
  EXPECT_THAT(findings("models: [a, b, a]\ntensor: {}\ndefault: [1, 2]\ntensors:\n  x: [1, .nan, 3]\n  y: {z: 1}\n"
                       "  z: []\n  w: [1, 2, 3]\n"),
              ElementsAre("t:1:9: error: 'models' names 'a' twice: each column is for another model",
                          "t:2:1: error: unknown key 'tensor' in a coefficient table (did you mean 'tensors'?)",
                          "t:3:10: error: 'default' has 2 values, 'models' has 3: a row has one for each model",
                          "t:5:10: error: the row of 'x': a coefficient must be a finite number, not '.nan'",
                          "t:6:6: error: the row of 'y' must be a list of numbers, one for each model",
                          "t:7:6: error: the row of 'z' must be a list of numbers, one for each model"));
  EXPECT_THAT(findings("tensors:\n  a: [1, 2]\n  b: 1\n"),
              ElementsAre("t:3:6: error: the row of 'b' has 1 value, the row of 'a' has 2: a row has one for each "
                          "model"));
  EXPECT_THAT(findings("models: [a]"),
              ElementsAre("t:1:1: error: the table has no coefficients: add 'tensors', with a row for each"));
  EXPECT_THAT(findings("# nothing\n"),
              ElementsAre("t: error: the coefficient table is empty: it needs 'tensors', with a row for each"));
  EXPECT_THAT(findings("- 1"), ElementsAre("t:1:1: error: the coefficient table must be a mapping, one 'key: value' a "
                                           "line: it needs 'tensors', with a row for each"));
  EXPECT_THAT(findings("tensors: [1]"),
              ElementsAre("t:1:10: error: 'tensors' must be a mapping of tensor names to rows, 'name: [0.3, ...]'"));
}

TEST(Coefficients, SaysWhatIsWrongWithPositions) {
  EXPECT_THAT(findings("order: openclip\n" + positions(199)),
              ElementsAre("t:3:3: error: 'rows' has 199 rows, which fits no model: 'openclip' has 158 for 12 blocks "
                          "(ViT-B), 302 for 24 (ViT-L), 14 and 12 a block in general; 199 rows are 'transformers' with "
                          "12 blocks"));
  EXPECT_THAT(findings("order: transformers\n" + positions(157)),
              ElementsAre("t:3:3: error: 'rows' has 157 rows, which fits no model: 'transformers' has 199 for 12 "
                          "blocks (ViT-B), 391 for 24 (ViT-L), 7 and 16 a block in general"));
  EXPECT_THAT(findings(positions(158)),
              ElementsAre("t:2:3: error: 'rows' has 158 rows and needs 'order: openclip' or 'order: transformers', "
                          "which says what tensor each is for"));
  EXPECT_THAT(findings("rows: [[1]]\ndefault: [2]\ntensors: {a: [1]}\n"),
              ElementsAre("t:1:1: error: 'rows' and 'tensors' both give the coefficients: keep one",
                          "t:2:10: error: 'default' has no effect beside a single row, which is for all tensors"));
  EXPECT_THAT(findings("order: timm\ntensors: {a: 1}\n"),
              ElementsAre("t:1:1: error: 'order' says which tensors 'rows' are for, and there are none: remove it, or "
                          "add 'rows'",
                          "t:1:8: error: 'order' must be one of openclip, transformers, not 'timm' (valid: openclip, "
                          "transformers)"));
}

TEST(Coefficients, AFloodOfFindingsIsCutShort) {
  std::string yaml = "models: [a]\ntensors:\n";
  for (int i = 0; i < 50; ++i) yaml += fmt::format("  t{}: [1, 2]\n", i);
  const std::vector<std::string> found = findings(yaml);
  ASSERT_EQ(found.size(), 21u);
  EXPECT_EQ(found.back(), "t: error: and 30 more findings: correct these first");
}

TEST(LoadCoefficients, ColumnsFindTheirModels) {
  for (const char* models : {"models: [models/mnist, org/eurosat@main]\n", "models: [mnist, eurosat]\n", ""}) {
    const Loaded loaded = load(std::string(models) + "tensors: {x: [1, 2]}\n");
    EXPECT_THAT(loaded.findings, IsEmpty());
    EXPECT_THAT(weights(loaded.recipe, "x"), ElementsAre(1, 2)) << models;
  }
  const Loaded turned = load("models: [elsewhere/eurosat, ./models/mnist/]\ndefault: [3, 4]\ntensors: {x: [1, 2]}\n");
  EXPECT_THAT(weights(turned.recipe, "x"), ElementsAre(2, 1));
  EXPECT_THAT(weights(turned.recipe, "y"), ElementsAre(4, 3));
}

TEST(LoadCoefficients, AColumnOfOnesForTheBaseIsLeftOut) {
  for (const char* models : {"models: [base, eurosat, mnist]\n", "models: [models/base, eurosat, mnist]\n"})
    EXPECT_THAT(weights(load(std::string(models) + "default: [1, 2, 3]\n").recipe, "x"), ElementsAre(3, 2));
  const Loaded published = load("rows: [[1.0000, 2, 3]]\n");
  EXPECT_THAT(weights(published.recipe, "x"), ElementsAre(2, 3));
  EXPECT_THAT(published.findings,
              ElementsAre("note: t: the first column, 1 in every row, is taken for the base's own"));
  for (const char* wrong :
       {"rows: [[0.9, 2, 3]]\n", "default: [1, 2, 3]\n", "models: [gtsrb, mnist, eurosat]\nrows: [[1, 2, 3]]\n",
        "models: [base, mnist, eurosat]\ndefault: [1, 2, 3]\ntensors: {x: [0, 4, 5]}\n", "rows: [[1, 1, 2, 3]]\n"})
    EXPECT_EQ(load(wrong).findings.size(), 1u) << wrong;
}

TEST(LoadCoefficients, SaysWhichColumnHasNoModel) {
  EXPECT_THAT(load("models: [mnist, gtsrb]\ntensors: {x: [1, 2]}\n").findings,
              ElementsAre("t:1:9: error: the columns are 'mnist', 'gtsrb', and the recipe merges 'models/mnist', "
                          "'org/eurosat@main': none of these is 'gtsrb'"));
  EXPECT_THAT(load("models: [mnist, other/mnist]\ntensors: {x: [1, 2]}\n").findings,
              ElementsAre("t:1:9: error: the columns are 'mnist', 'other/mnist', and the recipe merges "
                          "'models/mnist', 'org/eurosat@main': several columns are for 'models/mnist'"));
  EXPECT_THAT(load("tensors:\n  x: [1, 2, 3]\n").findings,
              ElementsAre("t:2:6: error: the rows have 3 values, and the recipe merges 'models/mnist', "
                          "'org/eurosat@main': a row has one for each model that is merged"));
  EXPECT_THAT(load("models: [mnist]\ntensors: {x: 1}\n").findings,
              ElementsAre("t:1:9: error: the columns are 'mnist', and the recipe merges 'models/mnist', "
                          "'org/eurosat@main': a row has one for each model that is merged"));
  const std::string twins = "merge_method: linear\ncoefficients: t\nmodels: [{model: a/x}, {model: b/x}]\n";
  EXPECT_THAT(load("models: [x, b/x]\ntensors: {x: [1, 2]}\n", twins).findings,
              ElementsAre("t:1:9: error: the columns are 'x', 'b/x', and the recipe merges 'a/x', 'b/x': 'x' could be "
                          "2 of these"));
}

const std::vector<std::string> kTensors = {"embed.weight", "layers.0.mlp.weight", "layers.1.mlp.weight"};

std::vector<std::string> coverage(const std::string& table, const std::vector<std::string>& tensors = kTensors,
                                  const std::string& yaml = kRecipe) {
  const Loaded loaded = load(table, yaml);
  EXPECT_THAT(loaded.findings, IsEmpty());
  return texts_of(check_coverage(loaded.recipe, tensors));
}

TEST(CoefficientCoverage, EveryTensorNeedsARow) {
  EXPECT_THAT(coverage("default: [1, 2]"), IsEmpty());
  EXPECT_THAT(coverage("tensors:\n  embed.weight: [1, 2]\n  layer.0.mlp.weight: [1, 2]\n  zzz: [1, 2]\n"),
              ElementsAre("t:3:3: warning: 2 rows are for no tensor that is merged: 'layer.0.mlp.weight', 'zzz' (did "
                          "you mean 'layers.0.mlp.weight'?)",
                          "t:2:3: error: no row for 2 of 3 tensors to merge: 'layers.0.mlp.weight', "
                          "'layers.1.mlp.weight'; add them, or 'default: [...]' for all without one"));
}

TEST(CoefficientCoverage, PositionsAreForModelsOfTheirDepth) {
  const std::string table = "order: openclip\n" + positions(38);
  std::vector<std::string> tensors;
  for (const std::vector<std::string>& row : published_names(PublishedOrder::kOpenClip, 2)) tensors.push_back(row[1]);
  EXPECT_THAT(coverage(table, tensors), IsEmpty());
  tensors.push_back("transformer.resblocks.0.ln_1.weight");
  EXPECT_THAT(coverage(table, tensors),
              ElementsAre("t:3:3: error: no row for 1 of 39 tensors to merge: 'transformer.resblocks.0.ln_1.weight'; "
                          "add 'default: [...]' for all without one"));
  tensors = published_names(PublishedOrder::kTransformers, 1)[5];
  EXPECT_THAT(coverage(table, tensors),
              ElementsAre("t:3:3: error: 'rows' has 38 rows, for 2 blocks, but the models have 1, for which there are "
                          "26 rows"));
  EXPECT_THAT(coverage(table),
              ElementsAre("t:3:3: error: no tensor to merge has a name that 'order: openclip' knows: write 'tensors', "
                          "with a row for each"));
}

// Weights with a default are replaced too, and values that must fit together are held against each other.
TEST(CoefficientCoverage, MethodsCheckTheirValuesTensorByTensor) {
  const std::string yaml =
      "merge_method: della\nbase_model: base\ncoefficients: t\nmodels: [{model: a}]\nparameters: {density: 0.95}\n";
  EXPECT_THAT(coverage("rows: [[0.3]]", kTensors, yaml),
              ElementsAre("r:1:15: error: della: tensor 'embed.weight': density + epsilon must be below 1: lower one "
                          "of them"));
  EXPECT_THAT(coverage("tensors: {embed.weight: 0.3, layers.0.mlp.weight: 0.3}", kTensors, yaml),
              ElementsAre("t:1:10: error: no row for 1 of 3 tensors to merge: 'layers.1.mlp.weight'; add them, or "
                          "'default: [...]' for all without one"));
}

}  // namespace
}  // namespace wootz
