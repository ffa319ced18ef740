#include <gtest/gtest.h>

#include "recipe/sample_registry.h"
#include "support/matchers.h"
#include "wootz/recipe/recipe.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kTensors = {"embed.weight", "layers.0.self_attn.weight", "layers.0.mlp.weight",
                                           "layers.1.self_attn.weight", "layers.1.mlp.weight"};

std::vector<std::string> findings(const std::string& yaml, const std::vector<std::string>& tensors = kTensors) {
  const ParsedRecipe parsed = parse_recipe(yaml, "r", testing::sample_registry());
  EXPECT_FALSE(parsed.diagnostics.has_errors()) << parsed.diagnostics.to_error().message;
  std::vector<std::string> found;
  const Diagnostics diagnostics = check_coverage(parsed.recipe, tensors);
  for (const Diagnostic& item : diagnostics.items()) found.push_back(to_string(item));
  return found;
}

TEST(Coverage, NothingToSayOfARecipeThatCoversAll) {
  EXPECT_THAT(findings("{merge_method: linear, models: [{model: a}], parameters: {weight: 1}}"), IsEmpty());
  EXPECT_THAT(findings(R"(
merge_method: linear
models: [{model: a, parameters: {weight: [{filter: mlp, value: 1}]}}]
parameters: {weight: [{filter: self_attn, value: 1}, {filter: embed, value: 1}]}
)"),
              IsEmpty());
}

TEST(Coverage, NamesTheModelAndTheFirstTensorWithoutAValue) {
  EXPECT_THAT(
      findings(R"(merge_method: linear
models:
  - {model: a, parameters: {weight: 1}}
  - {model: b, parameters: {weight: [{filter: mlp, value: 1}]}}
)"),
      ElementsAre("r:4:5: error: 'weight' of model 'b' has no value for 3 of 5 tensors (such as 'embed.weight'): "
                  "none of its filters is in the name; end its list with an entry that has no filter"));
}

TEST(Coverage, ChecksGlobalParametersAndTransforms) {
  EXPECT_THAT(findings(R"(merge_method: slerp
base_model: a
models: [{model: b}]
parameters: {t: [{filter: layers, value: 1}]}
)"),
              ElementsAre("r:1:15: error: 't' has no value for 1 of 5 tensors (such as 'embed.weight'): none of its "
                          "filters is in the name; end its list with an entry that has no filter"));
  EXPECT_THAT(
      findings(R"(merge_method: task_arithmetic
base_model: a
task_vectors:
  - ties: {density: [{filter: layers, value: 1}]}
models: [{model: b}]
parameters: {weight: 1}
)"),
      ElementsAre("r:5:10: error: 'density' of model 'b' has no value for 1 of 5 tensors (such as 'embed.weight'): "
                  "none of its filters is in the name; end its list with an entry that has no filter"));
}

TEST(Coverage, ChecksTransformsOfTheUpdate) {
  EXPECT_THAT(
      findings(R"(merge_method: task_arithmetic
base_model: base
update: [{ties: {density: [{filter: layers, value: 1}]}}]
models: [{model: a, parameters: {weight: 1}}]
)"),
      ElementsAre("r:3:11: error: 'density' has no value for 1 of 5 tensors (such as 'embed.weight'): none of its "
                  "filters is in the name; end its list with an entry that has no filter"));
}

TEST(Coverage, WarnsOfFiltersThatMatchNothing) {
  EXPECT_THAT(
      findings(R"(merge_method: linear
models:
  - model: a
    parameters:
      weight:
        - {filter: self_atn, value: 1}
        - {filter: layer.0.mlp, value: 1}
        - {filter: zzzzzzzz, value: 1}
        - value: 1
parameters:
  normalize: [{filter: mpl, value: 0}]
)"),
      ElementsAre("r:11:15: warning: 'normalize': the filter 'mpl' is in no tensor name, so this entry never "
                  "applies (did you mean 'mlp'?)",
                  "r:6:11: warning: 'weight': the filter 'self_atn' is in no tensor name, so this entry never "
                  "applies (did you mean 'self_attn'?)",
                  "r:7:11: warning: 'weight': the filter 'layer.0.mlp' is in no tensor name, so this entry never "
                  "applies (did you mean 'layers.0.mlp'?)",
                  "r:8:11: warning: 'weight': the filter 'zzzzzzzz' is in no tensor name, so this entry never "
                  "applies"));
}

TEST(Coverage, ChecksValuesTogetherTensorByTensor) {
  EXPECT_THAT(
      findings(R"(merge_method: della
base_model: base
models: [{model: b, parameters: {density: [0.5, 0.95]}}]
)"),
      ElementsAre("r:1:15: error: della: tensor 'layers.1.self_attn.weight': density + epsilon must be below 1: "
                  "lower one of them"));
}

TEST(Coverage, ConstantValuesWereCheckedByTheParser) {
  const ParsedRecipe parsed =
      parse_recipe("{merge_method: della, base_model: b, models: [{model: a}], parameters: {density: 1}}", "r",
                   testing::sample_registry());
  EXPECT_EQ(parsed.diagnostics.items().size(), 1U);
  EXPECT_THAT(check_coverage(parsed.recipe, kTensors).items(), IsEmpty());
}

}  // namespace
}  // namespace wootz
