#include "wootz/core/nearest.h"

#include <gtest/gtest.h>

namespace wootz {
namespace {

const std::vector<std::string> kNames{"weight", "density", "normalize", "lambda"};

TEST(Nearest, FindsTypos) {
  EXPECT_EQ(nearest("wieght", kNames), "weight");
  EXPECT_EQ(nearest("densty", kNames), "density");
  EXPECT_EQ(nearest("normalise", kNames), "normalize");
  EXPECT_EQ(nearest("weight", kNames), "weight");
}

TEST(Nearest, LeavesStrangersAlone) {
  EXPECT_EQ(nearest("epsilon", kNames), "");
  EXPECT_EQ(nearest("weight", {}), "");
  EXPECT_EQ(nearest(std::string(100000, 'x'), kNames), "");
}

TEST(Nearest, TheFirstOfEquallyNearWins) {
  const std::vector<std::string> names{"abcx", "abcy"};
  EXPECT_EQ(nearest("abcz", names), "abcx");
}

TEST(Nearest, Suggestion) {
  EXPECT_EQ(suggestion("wieght", kNames), " (did you mean 'weight'?)");
  EXPECT_EQ(suggestion("epsilon", kNames), " (valid: weight, density, normalize, lambda)");
  EXPECT_EQ(suggestion("epsilon", {}), "");
  EXPECT_EQ(suggestion("epsilon", std::vector<std::string>(25, "weight")), "");
}

}  // namespace
}  // namespace wootz
