#include <gtest/gtest.h>

#include "recipe/sample_registry.h"
#include "support/matchers.h"
#include "wootz/recipe/recipe.h"

namespace wootz {
namespace {

using testing::ElementsAre;

Recipe read(const std::string& yaml) {
  ParsedRecipe parsed = parse_recipe(yaml, "r", testing::sample_registry());
  for (const Diagnostic& item : parsed.diagnostics.items()) ADD_FAILURE() << to_string(item);
  return std::move(parsed.recipe);
}

ParamSet values(const Recipe& recipe, std::string_view tensor, double position = 0.0) {
  return resolve_parameters(*recipe.method, recipe, recipe.parameters, tensor, {position});
}

std::vector<double> positions(const std::vector<std::string>& names) {
  std::vector<double> out;
  for (const LayerPlace& place : layer_places(names)) out.push_back(place.position);
  return out;
}

TEST(LayerPlaces, SpreadsLayersFromZeroToOne) {
  EXPECT_THAT(positions({"model.layers.0.a", "model.layers.1.a", "model.layers.4.a", "model.layers.2.b.7.c"}),
              ElementsAre(0.0, 0.25, 1.0, 0.5));
}

TEST(LayerPlaces, StacksAreApart) {
  EXPECT_THAT(positions({"vision.layers.0.w", "vision.layers.2.w", "text.layers.1.w", "text.layers.4.w", "h.1.w"}),
              ElementsAre(0.0, 1.0, 0.25, 1.0, 1.0));
}

TEST(LayerPlaces, OutsideLayersIsTheStart) {
  EXPECT_THAT(positions({"lm_head.weight", "model.norm.weight", "layers.1a.w", "", ".", "..", "layers.-1.w"}),
              ElementsAre(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0));
}

TEST(LayerPlaces, OneLayerIsTheEnd) { EXPECT_THAT(positions({"h.0.w", "wte"}), ElementsAre(1.0, 0.0)); }

TEST(LayerPlaces, LongNumbersAreNoLayers) {
  EXPECT_THAT(positions({"x.99999999999999999999.w", "y.1234567890.w", "z.999999999.w", "0", "0.w", "1.w"}),
              ElementsAre(0.0, 0.0, 1.0, 0.0, 0.0, 1.0));
}

TEST(Resolve, ModelThenRecipeThenDefault) {
  const Recipe recipe = read(R"(
merge_method: ties
base_model: base
models:
  - {model: a, parameters: {weight: 0.25}}
  - {model: base}
  - {model: b, parameters: {density: 0.125}}
parameters: {weight: 0.5, normalize: off, scope: model}
)");
  EXPECT_THAT(recipe.lanes(), ElementsAre(0, 2));
  const ParamSet set = values(recipe, "x");
  EXPECT_THAT(set.numbers("weight"), ElementsAre(0.25, 0.5));
  EXPECT_THAT(set.numbers("density"), ElementsAre(1.0, 0.125));
  EXPECT_FALSE(set.flag("normalize"));
  EXPECT_EQ(set.choice("scope"), "model");
}

TEST(Resolve, WithoutARequiredBaseAllListedModelsAreLanes) {
  const Recipe recipe = read(R"(
merge_method: linear
base_model: base
models: [{model: a}, {model: base}, {model: a2}]
parameters: {weight: 1}
)");
  EXPECT_THAT(recipe.lanes(), ElementsAre(0, 1, 2));
  EXPECT_EQ(recipe.base->reference, "base");
}

TEST(Resolve, ARequiredBaseNeedNotBeListed) {
  EXPECT_THAT(read("{merge_method: slerp, base_model: a, models: [{model: b}], parameters: {t: 0.5}}").lanes(),
              ElementsAre(0));
  EXPECT_THAT(
      read("{merge_method: slerp, base_model: a, models: [{model: ./a}, {model: b}], parameters: {t: 1}}").lanes(),
      ElementsAre(1));
}

TEST(Resolve, GradientsAreLinearBetweenAnchors) {
  const Recipe recipe =
      read("{merge_method: slerp, base_model: a, models: [{model: b}], parameters: {t: [0, 0.5, 0.3, 0.7, 1]}}");
  // Five anchors at 0, 1/4, 1/2, 3/4 and 1.
  EXPECT_EQ(values(recipe, "x", 0.0).number("t"), 0.0);
  EXPECT_EQ(values(recipe, "x", 0.125).number("t"), 0.25);
  EXPECT_EQ(values(recipe, "x", 0.25).number("t"), 0.5);
  EXPECT_DOUBLE_EQ(values(recipe, "x", 0.375).number("t"), 0.4);
  EXPECT_EQ(values(recipe, "x", 0.5).number("t"), 0.3);
  EXPECT_DOUBLE_EQ(values(recipe, "x", 0.625).number("t"), 0.5);
  EXPECT_EQ(values(recipe, "x", 1.0).number("t"), 1.0);
}

TEST(Resolve, GradientsStayWithinTheirAnchors) {
  const Recipe recipe =
      read("{merge_method: slerp, base_model: a, models: [{model: b}], parameters: {t: [1, 1, 0.1, 0.1]}}");
  for (int layer = 0; layer <= 97; ++layer) {
    const double t = values(recipe, "x", layer / 97.0).number("t");
    EXPECT_LE(t, 1.0);
    EXPECT_GE(t, 0.1);
  }
}

TEST(Resolve, OneAnchorIsAConstant) {
  const Recipe recipe = read("{merge_method: slerp, base_model: a, models: [{model: b}], parameters: {t: [0.25]}}");
  EXPECT_EQ(values(recipe, "x", 0.7).number("t"), 0.25);
}

TEST(Resolve, TheFirstFilterInTheNameDecides) {
  const Recipe recipe = read(R"(
merge_method: slerp
base_model: a
models: [{model: b}]
parameters:
  t:
    - {filter: self_attn.q, value: 0.125}
    - {filter: self_attn, value: [0, 1]}
    - {filter: "*", value: 0.75}
)");
  EXPECT_EQ(values(recipe, "layers.3.self_attn.q_proj.weight", 0.5).number("t"), 0.125);
  EXPECT_EQ(values(recipe, "layers.3.self_attn.k_proj.weight", 0.5).number("t"), 0.5);
  EXPECT_EQ(values(recipe, "layers.3.mlp.weight", 0.5).number("t"), 0.75);
  EXPECT_EQ(values(recipe, "", 0.5).number("t"), 0.75);
}

TEST(Resolve, WithoutAMatchTheNextLevelDecides) {
  const Recipe recipe = read(R"(
merge_method: ties
base_model: base
models:
  - model: a
    parameters:
      density: [{filter: mlp, value: 0.125}]
  - model: b
parameters:
  weight: 1
  density: [{filter: attn, value: 0.25}]
)");
  EXPECT_THAT(values(recipe, "0.mlp").numbers("density"), ElementsAre(0.125, 1.0));
  EXPECT_THAT(values(recipe, "0.attn").numbers("density"), ElementsAre(0.25, 0.25));
  EXPECT_THAT(values(recipe, "norm").numbers("density"), ElementsAre(1.0, 1.0));
}

TEST(Resolve, FlagsAndChoicesFollowFiltersToo) {
  const Recipe recipe = read(R"(
merge_method: linear
models: [{model: a}]
parameters:
  weight: 1
  normalize: [{filter: norm, value: false}]
)");
  EXPECT_FALSE(values(recipe, "final_norm").flag("normalize"));
  EXPECT_TRUE(values(recipe, "mlp").flag("normalize"));
}

TEST(Resolve, TransformsHaveTheirOwnParameters) {
  const Recipe recipe = read(R"(
merge_method: task_arithmetic
base_model: base
task_vectors:
  - ties: {density: [{filter: mlp, value: 0.5}, {value: 0.25}], scope: model}
  - awd
models:
  - {model: a, parameters: {weight: 1, density: 0.125}}
  - {model: b, parameters: {weight: 2}}
)");
  ASSERT_EQ(recipe.transforms.size(), 2U);
  const RecipeTransform& ties = recipe.transforms[0];
  const ParamSet set = resolve_parameters(*ties.method, recipe, ties.parameters, "0.mlp", {});
  EXPECT_THAT(set.numbers("density"), ElementsAre(0.125, 0.5));
  EXPECT_EQ(set.choice("scope"), "model");
  const RecipeTransform& awd = recipe.transforms[1];
  EXPECT_EQ(resolve_parameters(*awd.method, recipe, awd.parameters, "0.mlp", {}).number("alpha"), 0.1);
}

TEST(Resolve, AnUpdateHasOneValueWhateverTheModelsSay) {
  const Recipe recipe = read(R"(
merge_method: task_arithmetic
base_model: base
task_vectors: [dare]
update: [{dare: {density: [{filter: embed, value: 0.5}, {value: [0, 1]}]}}, dare]
models:
  - {model: a, parameters: {weight: 1, density: 0.125}}
  - {model: b, parameters: {weight: 1}}
)");
  ASSERT_EQ(recipe.updates.size(), 2U);
  const auto density = [&](std::size_t update, std::string_view tensor) {
    return resolve_update_parameters(recipe.updates[update], tensor, {0.25}).numbers("density");
  };
  EXPECT_THAT(density(0, "embed.weight"), ElementsAre(0.5));
  EXPECT_THAT(density(0, "layers.0.w"), ElementsAre(0.25));
  EXPECT_THAT(density(1, "layers.0.w"), ElementsAre(1.0));
}

TEST(Resolve, AModelsParameterIsTheMergeMethodsFirst) {
  const Recipe recipe = read(R"(
merge_method: ties
base_model: base
task_vectors: [dare: {density: 0.5}]
models: [{model: a, parameters: {weight: 1, density: 0.125}}]
)");
  const RecipeTransform& dare = recipe.transforms[0];
  EXPECT_THAT(values(recipe, "x").numbers("density"), ElementsAre(0.125));
  EXPECT_THAT(resolve_parameters(*dare.method, recipe, dare.parameters, "x", {}).numbers("density"), ElementsAre(0.5));
}

TEST(Parse, KeepsWhatTheRecipeSays) {
  const std::string yaml = R"(merge_method: linear
base_model: {model: {path: org/base, revision: v1}}
models:
  - model: org/a@main
    parameters: {weight: &w [0.5, 1]}
  - model: {model: {path: dir+with@signs}}
    parameters: {weight: *w}
dtype: torch.float32
out_dtype: bfloat16
seed: 42
tokenizer_source: org/a@main
)";
  const ParsedRecipe parsed = parse_recipe(yaml, "dir/r.yml", testing::sample_registry());
  const Recipe& recipe = parsed.recipe;
  EXPECT_FALSE(parsed.diagnostics.has_errors());
  EXPECT_EQ(recipe.file, "dir/r.yml");
  EXPECT_EQ(recipe.text, yaml);
  EXPECT_EQ(recipe.method->name, "linear");
  EXPECT_EQ(recipe.base->reference, "org/base@v1");
  ASSERT_EQ(recipe.models.size(), 2U);
  EXPECT_EQ(recipe.models[0].reference, "org/a@main");
  EXPECT_EQ(recipe.models[1].reference, "dir+with@signs");
  EXPECT_EQ(recipe.models[1].place.line, 6);
  EXPECT_THAT(recipe.models[1].parameters.at(0).rules.at(0).anchors, ElementsAre(0.5, 1.0));
  EXPECT_EQ(recipe.dtype, Dtype::kF32);
  EXPECT_EQ(recipe.out_dtype, Dtype::kBF16);
  EXPECT_EQ(recipe.seed, 42U);
  EXPECT_EQ(recipe.tokenizer_source, "org/a@main");
}

TEST(Parse, TokenizerSourceBaseIsTheDefault) {
  const Recipe recipe = read(
      "{merge_method: task_arithmetic, base_model: b, models: [{model: a}], parameters: {weight: 1}, tokenizer_source: "
      "base}");
  EXPECT_EQ(recipe.tokenizer_source, std::nullopt);
}

}  // namespace
}  // namespace wootz
