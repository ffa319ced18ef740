#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

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
