#include "wootz/data/split.h"

#include <gtest/gtest.h>

#include "memory_data.h"
#include "support/matchers.h"

namespace wootz {
namespace {

using testing::ElementsAre;

std::vector<int> labels(std::size_t count, int classes) {
  std::vector<int> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(static_cast<int>(i) % classes);
  return list;
}

TEST(HeldOut, PortionsMakeUpTheWhole) {
  HeldOut held_out;
  held_out.validation = 0.5;
  held_out.adaptation = 0.5;
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    std::vector<std::size_t> all;
    for (const Portion portion : {Portion::kValidation, Portion::kAdaptation, Portion::kRest}) {
      const auto part = held_out_indices(labels(count, 3), held_out, portion);
      EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all.size(), count);
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  }
}

TEST(HeldOut, TakesItsShareOfEachClass) {
  HeldOut held_out;
  held_out.validation = 0.2;
  held_out.adaptation = 0.1;
  const std::vector<int> of = labels(1000, 4);
  std::vector<int> counts(4);
  for (const std::size_t i : held_out_indices(of, held_out, Portion::kValidation))
    ++counts[static_cast<std::size_t>(of[i])];
  EXPECT_THAT(counts, ElementsAre(50, 50, 50, 50));
  EXPECT_EQ(held_out_indices(of, held_out, Portion::kAdaptation).size(), 100u);
  held_out.at_most = 40;
  EXPECT_EQ(held_out_indices(of, held_out, Portion::kValidation).size(), 40u);
  EXPECT_EQ(held_out_indices(of, held_out, Portion::kAdaptation).size(), 40u);
  EXPECT_EQ(held_out_indices(of, held_out, Portion::kRest).size(), 920u);
}

TEST(HeldOut, DependsOnTheSeedAlone) {
  HeldOut held_out;
  const auto first = held_out_indices(labels(200, 5), held_out, Portion::kValidation);
  EXPECT_EQ(first, held_out_indices(labels(200, 5), held_out, Portion::kValidation));
  held_out.seed = 1;
  EXPECT_NE(first, held_out_indices(labels(200, 5), held_out, Portion::kValidation));
}

// The order is fixed for ever: results on held-out data are compared across versions.
TEST(HeldOut, StaysAsItIs) {
  HeldOut held_out;
  held_out.validation = 0.25;
  EXPECT_THAT(held_out_indices(labels(20, 2), held_out, Portion::kValidation), ElementsAre(4, 7, 8, 9, 12, 19));
}

TEST(Subset, ShowsTheChosenItems) {
  const auto whole = std::make_shared<testing::GreyImages>(10);
  const auto some = subset(whole, {7, 2});
  ASSERT_EQ(some->size(), 2u);
  EXPECT_EQ(some->label(0), 1);
  EXPECT_EQ(some->image(1)->pixels[0], 2);
  EXPECT_EQ(some->place(0), "image 7");
}

}  // namespace
}  // namespace wootz
