#include "wootz/search/target.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::HasSubstr;

Recipe parsed(const std::string& yaml) {
  ParsedRecipe result = parse_recipe(yaml, "r.yml", builtin_methods());
  if (result.diagnostics.has_errors()) throw std::runtime_error(result.diagnostics.to_error().message);
  return std::move(result.recipe);
}

std::string recipe_of(const std::string& method, const std::string& extra = "") {
  return "merge_method: " + method +
         "\nbase_model: base\nmodels:\n  - model: base\n  - {model: a, parameters: {weight: [0.1, 0.2], density: "
         "0.5}}\n"
         "  - {model: b, parameters: {weight: 0.4}}\n" +
         extra;
}

std::string changed(const std::string& yaml, const std::string& name, bool per_model,
                    const std::vector<double>& values) {
  const Recipe recipe = parsed(yaml);
  const auto target = find_target(recipe, name, per_model);
  if (!target) return target.error().message;
  return with_values(recipe, *target, values).text;
}

TEST(FindTarget, ChoosesWhatIsUsuallySearchedFor) {
  const auto name = [](const std::string& yaml, bool per_model) {
    const auto target = find_target(parsed(yaml), "", per_model);
    return target ? target->name + (target->per_model ? "*" : "") : target.error().message;
  };
  EXPECT_EQ(name(recipe_of("ties"), false), "lambda");
  EXPECT_EQ(name(recipe_of("ties"), true), "weight*");
  EXPECT_EQ(name("merge_method: linear\nmodels:\n  - {model: a, parameters: {weight: 1}}\n", false), "weight");
  EXPECT_EQ(name("merge_method: passthrough\nmodels:\n  - model: a\n", true), "scale*");
  const std::string slerp = "merge_method: slerp\nbase_model: a\nmodels:\n  - model: b\nparameters: {t: 0.5}\n";
  EXPECT_EQ(name(slerp, false), "t");
  EXPECT_EQ(name(slerp, true), "t");  // one for all is all there is
  EXPECT_EQ(name("merge_method: average\nmodels:\n  - model: a\n", false),
            "merge_method 'average' has no coefficient to search for");
  EXPECT_EQ(name("merge_method: sce\nbase_model: a\nmodels:\n  - model: b\n", false),
            "merge_method 'sce' has no coefficient to search for; name another parameter: select_topk");
}

TEST(FindTarget, RefusesWhatIsNoNumberOfTheRecipe) {
  const auto message = [](const std::string& name, const std::string& extra = "") {
    const auto target = find_target(parsed(recipe_of("task_arithmetic", extra)), name, false);
    return target ? "" : target.error().message;
  };
  EXPECT_THAT(message("lamda"), HasSubstr("has no parameter 'lamda' (did you mean 'lambda'?)"));
  EXPECT_THAT(message("normalize"), HasSubstr("is not a number"));
  const Recipe tabled = parsed("merge_method: linear\ncoefficients: t.yml\nmodels: [{model: a}]\n");
  EXPECT_THAT(find_target(tabled, "", false).error().message,
              HasSubstr("takes 'weight' from the table of 'coefficients'"));
  EXPECT_THAT(message("ties.density"), HasSubstr("has no parameter 'ties.density'"));
  EXPECT_THAT(message("ties.densty", "task_vectors:\n  - ties\n"), HasSubstr("did you mean 'ties.density'?"));
  EXPECT_THAT(message("trim.density", "task_vectors:\n  - trim\n  - trim\n"), HasSubstr("'trim' twice"));
  EXPECT_EQ(message("ties.density", "task_vectors:\n  - ties\n"), "");
}

TEST(CheckValue, KnowsTheParametersRange) {
  const Recipe recipe = parsed(recipe_of("task_arithmetic", "task_vectors:\n  - awd\n"));
  const Target density = *find_target(recipe, "density", false);
  EXPECT_TRUE(check_value(density, 1.0));
  EXPECT_THAT(check_value(density, 1.5).error().message, HasSubstr("'density' cannot be 1.5: it must be at most 1"));
  EXPECT_THAT(check_value(density, -1).error().message, HasSubstr("at least 0"));
  const Target iterations = *find_target(recipe, "awd.iterations", false);
  EXPECT_TRUE(check_value(iterations, 20));
  EXPECT_THAT(check_value(iterations, 2.5).error().message, HasSubstr("whole number"));
}

TEST(WithValues, KeepsTheModelsWeightsUnderALambda) {
  EXPECT_EQ(changed(recipe_of("ties", "parameters: {lambda: [{filter: mlp, value: 2}], normalize: false}\n"), "", false,
                    {0.7}),
            "merge_method: ties\nbase_model: base\nmodels:\n  - model: base\n"
            "  - {model: a, parameters: {weight: [0.1, 0.2], density: 0.5}}\n"
            "  - {model: b, parameters: {weight: 0.4}}\nparameters: {lambda: 0.7, normalize: false}\n");
}

TEST(WithValues, OneForAllReplacesTheModelsOwn) {
  EXPECT_EQ(changed(recipe_of("ties"), "weight", false, {0.7}),
            "merge_method: ties\nbase_model: base\nmodels:\n  - model: base\n"
            "  - {model: a, parameters: {density: 0.5}}\n  - model: b\nparameters: {weight: 0.7}\n");
}

TEST(WithValues, GivesEachModelItsOwn) {
  EXPECT_EQ(changed(recipe_of("ties", "parameters: {weight: 1, lambda: 2}\n"), "", true, {0.7, -0.1}),
            "merge_method: ties\nbase_model: base\nmodels:\n  - model: base\n"
            "  - {model: a, parameters: {weight: 0.7, density: 0.5}}\n"
            "  - {model: b, parameters: {weight: -0.1}}\nparameters: {lambda: 2}\n");
}

TEST(WithValues, ReachesATransform) {
  EXPECT_THAT(changed(recipe_of("task_arithmetic", "task_vectors:\n  - awd\n  - ties: {scope: tensor, density: 0.9}\n"),
                      "ties.density", true, {0.25}),
              HasSubstr("task_vectors:\n  - awd\n  - ties: {scope: tensor, density: 0.25}\n"));
}

}  // namespace
}  // namespace wootz
