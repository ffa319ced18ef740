// Searches on functions whose best place is known.
#include "wootz/search/strategies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

using Values = std::vector<double>;

// Answers with a function, and keeps what was asked.
class Asked {
 public:
  explicit Asked(std::function<double(const Values&)> function) : function_(std::move(function)) {}

  Objective objective() {
    return [this](std::span<const double> values) -> Result<Quality> {
      candidates_.emplace_back(values.begin(), values.end());
      if (candidates_.size() == fail_at) return fail(ErrorKind::kFailed, "no answer");
      return Quality{-function_(candidates_.back()), 0.0};
    };
  }
  const std::vector<Values>& candidates() const { return candidates_; }
  Values best() const {
    return *std::min_element(candidates_.begin(), candidates_.end(),
                             [&](const Values& a, const Values& b) { return function_(a) < function_(b); });
  }

  std::size_t fail_at = 0;

 private:
  std::function<double(const Values&)> function_;
  std::vector<Values> candidates_;
};

TEST(IsBetter, LooksAtTheLossOnlyWhenAccuraciesAreEqual) {
  EXPECT_TRUE(is_better({0.5, 9.0}, {0.4, 1.0}));
  EXPECT_FALSE(is_better({0.4, 1.0}, {0.5, 9.0}));
  EXPECT_TRUE(is_better({0.5, 1.0}, {0.5, 1.1}));
  EXPECT_FALSE(is_better({0.5, 1.0}, {0.5, 1.0}));
}

TEST(RoundedCandidate, KeepsSixDigits) {
  EXPECT_EQ(rounded_candidate(0.1 + 0.2), 0.3);
  EXPECT_EQ(rounded_candidate(0.38196601125), 0.381966);
  EXPECT_EQ(rounded_candidate(-1234567.0), -1234570.0);
  EXPECT_EQ(rounded_candidate(1.23456789e-9), 1.23457e-9);
  EXPECT_EQ(rounded_candidate(0.0), 0.0);
}

TEST(Grid, GoesThroughTheValuesInOrder) {
  Asked asked([](const Values& x) { return x[0]; });
  ASSERT_TRUE(search_grid(Values{0.3, 0.1, 0.7}, asked.objective()));
  EXPECT_THAT(asked.candidates(), ElementsAre(Values{0.3}, Values{0.1}, Values{0.7}));
}

TEST(Grid, StopsAtAnError) {
  Asked asked([](const Values& x) { return x[0]; });
  asked.fail_at = 2;
  const auto found = search_grid(Values{0.3, 0.1, 0.7}, asked.objective());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no answer");
  EXPECT_EQ(asked.candidates().size(), 2u);
}

TEST(Golden, ConvergesAsStated) {
  for (const double place : {0.02, 0.377, 0.5, 0.91})
    for (const std::size_t evaluations : {2u, 5u, 12u, 20u}) {
      Asked asked([&](const Values& x) { return std::abs(std::pow(x[0] - place, 3.0)); });
      ASSERT_TRUE(search_golden({0.0, 1.0, evaluations}, asked.objective()));
      EXPECT_EQ(asked.candidates().size(), evaluations);
      EXPECT_LE(std::abs(asked.best()[0] - place), std::pow(0.6181, static_cast<double>(evaluations) - 1.0) + 1e-6);
    }
}

TEST(Golden, StaysInItsRangeAndEndsWhenItIsNarrow) {
  Asked asked([&](const Values& x) { return x[0]; });
  ASSERT_TRUE(search_golden({-2.0, 3.0, 1000}, asked.objective()));
  EXPECT_LT(asked.candidates().size(), 35u);
  EXPECT_NEAR(asked.best()[0], -2.0, 1e-5);
  for (const Values& values : asked.candidates()) EXPECT_THAT(values, Each(Ge(-2.0)));
}

TEST(Golden, StopsAtAnError) {
  for (const std::size_t at : {1u, 2u, 5u}) {
    Asked asked([](const Values& x) { return x[0]; });
    asked.fail_at = at;
    EXPECT_FALSE(search_golden({0.0, 1.0, 12}, asked.objective()));
    EXPECT_EQ(asked.candidates().size(), at);
  }
}

// Axes from 1 to 30, turned by mixing neighbours, with its best place away from the start.
double ellipsoid(const Values& x) {
  const auto shifted = [&](std::size_t i) { return x[i] - (0.4 + 0.1 * static_cast<double>(i)); };
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double turned = 0.8 * shifted(i) + 0.6 * shifted((i + 1) % x.size());
    const double scale = std::pow(30.0, static_cast<double>(i) / static_cast<double>(x.size() - 1));
    sum += scale * scale * turned * turned;
  }
  return sum;
}

TEST(Cma, FindsTheBestPlaceOfAShiftedEllipsoid) {
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    Asked asked(ellipsoid);
    CmaOptions options;
    options.dimensions = 8;
    options.evaluations = 6000;
    options.seed = seed;
    ASSERT_TRUE(search_cma(options, asked.objective()));
    EXPECT_LT(asked.candidates().size(), 5000u) << "it should have seen that it is there";
    const Values best = asked.best();
    for (std::size_t i = 0; i < best.size(); ++i) EXPECT_NEAR(best[i], 0.4 + 0.1 * static_cast<double>(i), 1e-4);
  }
}

TEST(Cma, WorksOnOneNumber) {
  EXPECT_EQ(cma_population(1), 4u);
  EXPECT_EQ(cma_population(8), 10u);
  Asked asked([](const Values& x) { return std::abs(x[0] - 0.75); });
  ASSERT_TRUE(search_cma({}, asked.objective()));
  EXPECT_NEAR(asked.best()[0], 0.75, 1e-4);
}

TEST(Cma, EvaluatesWholeGenerationsAndTheirMeans) {
  for (const auto& [evaluations, expected] :
       std::vector<std::pair<std::size_t, std::size_t>>{{12, 12}, {22, 12}, {23, 23}, {60, 56}}) {
    Asked asked(ellipsoid);
    CmaOptions options;
    options.dimensions = 8;
    options.evaluations = evaluations;
    ASSERT_TRUE(search_cma(options, asked.objective()));
    EXPECT_EQ(asked.candidates().size(), expected);
    EXPECT_THAT(asked.candidates().front(), Each(0.3));
  }
}

TEST(Cma, RepeatsItselfForASeed) {
  const auto candidates = [](std::uint64_t seed) {
    Asked asked(ellipsoid);
    CmaOptions options;
    options.dimensions = 8;
    options.seed = seed;
    EXPECT_TRUE(search_cma(options, asked.objective()));
    return asked.candidates();
  };
  EXPECT_EQ(candidates(3), candidates(3));
  EXPECT_NE(candidates(3), candidates(4));
}

TEST(Cma, StaysWithinBounds) {
  Asked asked([](const Values& x) { return x[0] + x[1]; });
  CmaOptions options;
  options.dimensions = 2;
  options.low = 0.05;
  options.high = 0.6;
  ASSERT_TRUE(search_cma(options, asked.objective()));
  for (const Values& values : asked.candidates()) {
    EXPECT_THAT(values, Each(Ge(0.05)));
    EXPECT_THAT(values, Each(Le(0.6)));
  }
  EXPECT_NEAR(asked.best()[0] + asked.best()[1], 0.1, 1e-3);
}

TEST(Cma, StopsAtAnError) {
  Asked asked(ellipsoid);
  asked.fail_at = 14;
  CmaOptions options;
  options.dimensions = 8;
  EXPECT_FALSE(search_cma(options, asked.objective()));
  EXPECT_EQ(asked.candidates().size(), 14u);
}

}  // namespace
}  // namespace wootz
