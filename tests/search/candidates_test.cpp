// Candidates against the merges they stand for.
#include "wootz/search/candidates.h"

#include "search_fixture.h"

namespace wootz {
namespace {

struct Case {
  std::string name;
  std::string method;
  std::string more;
  std::string parameter;
  bool per_model;
  Route route;
  std::vector<std::vector<double>> values;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class CandidatesTest : public testing::SearchTest, public ::testing::WithParamInterface<Case> {
 protected:
  std::vector<std::vector<float>> features(const CandidateOptions& options) {
    const MergePlan plan = value(open_and_plan(posix_file_system(), recipe_of_case()));
    const Target target = value(find_target(plan.recipe, GetParam().parameter, GetParam().per_model));
    const auto candidates = value(make_candidates(posix_file_system(), plan, target, options));
    EXPECT_EQ(candidates->route(), GetParam().route);
    std::vector<std::vector<float>> found;
    for (const auto& values : GetParam().values)
      found.push_back(value(value(candidates->get(values))->features(batch())));
    const std::size_t merges[] = {1, plan.recipe.lanes().size(), GetParam().values.size()};
    EXPECT_EQ(candidates->merges(), merges[static_cast<std::size_t>(candidates->route())]);
    kept_ = candidates->memory();
    return found;
  }

  Recipe recipe_of_case() const {
    const Case& c = GetParam();
    if (c.method == "slerp") return recipe("merge_method: slerp\nbase_model: base\nmodels:\n  - model: a\n" + c.more);
    if (c.method == "linear")
      return recipe(
          "merge_method: linear\nmodels:\n  - {model: a, parameters: {weight: 1}}\n"
          "  - {model: b, parameters: {weight: 1}}\n" +
          c.more);
    return recipe(recipe_text(c.method, c.more));
  }

  CandidateOptions options() const {
    CandidateOptions options;
    options.work_directory = folder_.path();
    options.model.threads = 1;
    return options;
  }

  std::uint64_t kept_ = 0;
};

TEST_P(CandidatesTest, AreTheMergesOfTheirValues) {
  const auto found = features(options());
  const Recipe recipe = recipe_of_case();
  const Target target = value(find_target(recipe, GetParam().parameter, GetParam().per_model));
  const bool rounded = recipe.dtype.has_value();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string merged = merge(with_values(recipe, target, GetParam().values[i]), "merged");
    const auto expected = value(value(Model::load(posix_file_system(), merged, {})).features(batch()));
    // A tie between two bfloat16 values may fall either way.
    for (std::size_t j = 0; j < expected.size(); ++j)
      ASSERT_NEAR(found[i][j], expected[j], rounded ? 2e-2 : 2e-5) << i << " " << j;
    // A candidate must not carry anything over to the next.
    if (i > 0) {
      EXPECT_NE(found[i], found[i - 1]);
    }
  }
}

TEST_P(CandidatesTest, AreTheSameWithoutMemoryAndWithManyThreads) {
  const auto expected = features(options());
  EXPECT_EQ(kept_ > 0, GetParam().route != Route::kMerged);
  CandidateOptions sparing = options();
  sparing.kept_memory = 1000;
  sparing.model.threads = 3;
  EXPECT_EQ(features(sparing), expected);
  EXPECT_EQ(kept_, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    All, CandidatesTest,
    ::testing::Values(
        Case{"lambda", "task_arithmetic", "", "", false, Route::kScaled, {{0.0}, {0.5}, {1.0}, {-0.7}, {2.0}}},
        Case{"bfloat16", "task_arithmetic", "dtype: bfloat16\n", "", false, Route::kScaled, {{0.3}, {1.5}}},
        Case{"ties", "ties", "parameters: {density: 0.3, scope: model}\n", "", false, Route::kScaled, {{0.4}, {1.2}}},
        Case{"one_weight", "task_arithmetic", "", "weight", false, Route::kScaled, {{0.4}, {1.2}}},
        Case{"weights",
             "task_arithmetic",
             "parameters: {lambda: 0.5}\n",
             "",
             true,
             Route::kAdded,
             {{0.4, 0.3}, {0.0, 1.2}, {-0.5, 0.25}}},
        Case{"normalized",
             "task_arithmetic",
             "parameters: {normalize: true}\n",
             "",
             true,
             Route::kMerged,
             {{0.4, 0.3}, {0.1, 1.2}}},
        Case{"partly_normalized",
             "task_arithmetic",
             "parameters: {normalize: [{filter: mlp, value: true}, {value: false}]}\n",
             "",
             true,
             Route::kMerged,
             {{0.4, 0.3}, {0.1, 1.2}}},
        Case{"voting_weights",
             "ties",
             "parameters: {normalize: false}\n",
             "weight",
             true,
             Route::kMerged,
             {{0.4, 0.3}, {-0.1, 1.2}}},
        Case{"linear", "linear", "parameters: {normalize: false}\n", "", true, Route::kAdded, {{0.4, 0.6}, {1.1, 0.0}}},
        Case{"slerp", "slerp", "parameters: {t: 0.5}\n", "", false, Route::kMerged, {{0.2}, {0.9}}},
        Case{"transform",
             "task_arithmetic",
             "task_vectors:\n  - trim\n",
             "trim.density",
             false,
             Route::kMerged,
             {{0.2}, {0.9}}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace wootz
