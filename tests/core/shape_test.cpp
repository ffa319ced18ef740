#include "wootz/core/shape.h"

#include <gtest/gtest.h>

namespace wootz {
namespace {

TEST(Shape, NumberOfElements) {
  EXPECT_EQ(num_elements({}), 1u);
  EXPECT_EQ(num_elements({7}), 7u);
  EXPECT_EQ(num_elements({768, 3, 32, 32}), 2359296u);
  EXPECT_EQ(num_elements({4, 0, 9}), 0u);
}

TEST(Shape, OverflowIsNoticed) {
  EXPECT_EQ(num_elements({1ull << 32, 1ull << 31, 2}), std::nullopt);
  EXPECT_EQ(num_elements({~0ull, 2}), std::nullopt);
  EXPECT_EQ(num_elements({~0ull, 1}), ~0ull);
  EXPECT_EQ(num_elements({1ull << 32, (1ull << 32) - 1}), (1ull << 32) * ((1ull << 32) - 1));
}

TEST(Shape, AsText) {
  EXPECT_EQ(to_string(Shape{}), "[]");
  EXPECT_EQ(to_string(Shape{5}), "[5]");
  EXPECT_EQ(to_string(Shape{768, 3, 32}), "[768, 3, 32]");
}

}  // namespace
}  // namespace wootz
