#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

const std::vector<double> kWeights{0.5, 1.25, -0.2};

TEST(Linear, MatchesOracle) {
  for (const bool normalize : {true, false})
    expect_matches_oracle("linear", {{"weight", kWeights}, {"normalize", {normalize ? 1.0 : 0.0}}}, 3,
                          [&](const TestTensor& tensor) { return oracle::linear(tensor.models, kWeights, normalize); });
}

TEST(Linear, WeightsThatSumToZeroAreRefusedOnlyWhenNormalized) {
  const MethodSpec* spec = builtin_methods().find(MethodKind::kMerge, "linear");
  const auto check = [&](double second, double normalize) {
    return spec->check(make_params(*spec, {{"weight", {0.5, second}}, {"normalize", {normalize}}}, 2));
  };
  EXPECT_NE(check(-0.5, 1.0).find("sum to 0"), std::string::npos);
  EXPECT_EQ(check(-0.5, 0.0), "");
  EXPECT_EQ(check(0.5, 1.0), "");
}

}  // namespace
}  // namespace wootz::testing
