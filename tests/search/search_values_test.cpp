#include "wootz/search/search_values.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string grid_error(std::string_view text) {
  const auto grid = parse_grid(text);
  return grid ? "" : grid.error().message;
}

TEST(SearchValues, AGridIsStepsOrAList) {
  EXPECT_THAT(*parse_grid("0:0.3:0.1"), ElementsAre(0.0, 0.1, 0.2, 0.3));
  EXPECT_THAT(*parse_grid("0:0.25:0.1"), ElementsAre(0.0, 0.1, 0.2));
  EXPECT_THAT(*parse_grid("1:1:5"), ElementsAre(1.0));
  EXPECT_THAT(*parse_grid("0.5,-1,1e-3"), ElementsAre(0.5, -1.0, 1e-3));
}

TEST(SearchValues, SaysWhatIsNoGrid) {
  EXPECT_THAT(grid_error("0:1"), HasSubstr("'0:1' is no grid"));
  EXPECT_THAT(grid_error("1:0:0.1"), HasSubstr("the values go up"));
  EXPECT_THAT(grid_error("0:1:0"), HasSubstr("the values go up"));
  EXPECT_THAT(grid_error("0:1:1e-5"), HasSubstr("more than 10000 values"));
  EXPECT_THAT(grid_error("0.1,x"), HasSubstr("a value "));
  EXPECT_THAT(grid_error(""), HasSubstr("a value "));
}

TEST(SearchValues, ARangeHasTwoEnds) {
  EXPECT_EQ(*parse_range("-0.5:2"), std::pair(-0.5, 2.0));
  EXPECT_THAT(parse_range("1").error().message, HasSubstr("'1' is no range; write LOW:HIGH"));
}

}  // namespace
}  // namespace wootz
