#include "wootz/data/loader.h"

#include <gtest/gtest.h>

#include "memory_data.h"
#include "support/matchers.h"

namespace wootz {
namespace {

using testing::ByteTokenizer;
using testing::ElementsAre;
using testing::GreyEncoder;
using testing::GreyImages;
using testing::HasSubstr;
using testing::Texts;

LoaderOptions loader_options(std::size_t batch_size, std::size_t threads, std::size_t ahead = 3) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.threads = threads;
  options.ahead = ahead;
  return options;
}

// All batches, recycled after use.
std::vector<Batch> load_all(Loader& loader) {
  std::vector<Batch> batches;
  while (true) {
    auto batch = loader.next();
    EXPECT_TRUE(batch.has_value()) << batch.error().message;
    if (!batch || !*batch) return batches;
    batches.push_back(**batch);
    loader.recycle(*std::move(*batch));
  }
}

struct LoaderCase {
  std::size_t size, batch_size, threads, ahead;
};

class LoaderOrder : public ::testing::TestWithParam<LoaderCase> {};

TEST_P(LoaderOrder, EveryItemOnceInOrder) {
  const auto [size, batch_size, threads, ahead] = GetParam();
  const GreyImages data(size);
  const GreyEncoder encoder(true);
  BadItems bad(0);
  const std::vector<Draw> order = shuffled(size, 7, 1);
  Loader loader(data, encoder, order, loader_options(batch_size, threads, ahead), bad);
  std::size_t seen = 0;
  for (const Batch& batch : load_all(loader)) {
    EXPECT_EQ(batch.kind, InputKind::kImage);
    EXPECT_EQ(batch.size, std::min(batch_size, size - seen));
    ASSERT_EQ(batch.pixels.size(), batch.size * 48);
    for (std::size_t row = 0; row < batch.size; ++row, ++seen) {
      EXPECT_EQ(batch.items[row], seen);
      EXPECT_EQ(batch.labels[row], data.label(order[seen].index));
      EXPECT_EQ(batch.pixels[row * 48], static_cast<float>(order[seen].index % 256));
      EXPECT_EQ(batch.pixels[row * 48 + 1], static_cast<float>(order[seen].draw));
    }
  }
  EXPECT_EQ(seen, size);
  EXPECT_TRUE(bad.messages().empty());
}

INSTANTIATE_TEST_SUITE_P(Sizes, LoaderOrder,
                         ::testing::Values(LoaderCase{0, 4, 2, 3}, LoaderCase{1, 4, 0, 3}, LoaderCase{1, 4, 3, 1},
                                           LoaderCase{97, 8, 0, 4}, LoaderCase{97, 8, 1, 1}, LoaderCase{97, 8, 4, 2},
                                           LoaderCase{97, 1, 4, 9}, LoaderCase{64, 64, 3, 4},
                                           LoaderCase{300, 150, 2, 2}));

TEST(Loader, MaySendTheConsumerAwayEarly) {
  const GreyImages data(1000);
  const GreyEncoder encoder(true);
  BadItems bad(0);
  for (const std::size_t taken : {std::size_t{0}, std::size_t{1}, std::size_t{5}}) {
    Loader loader(data, encoder, in_order(1000), loader_options(10, 4), bad);
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(loader.next().has_value());
  }
}

TEST(Loader, KeepsMemory) {
  const GreyImages data(400, 16);
  const GreyEncoder encoder;
  BadItems bad(0);
  Loader loader(data, encoder, in_order(400), loader_options(10, 1, 1), bad);
  std::set<const float*> buffers;
  while (auto batch = loader.next().value()) {
    buffers.insert(batch->pixels.data());
    loader.recycle(*std::move(batch));
  }
  EXPECT_LE(buffers.size(), 3u);
}

TEST(Loader, ADamagedItemIsAnErrorUnlessTolerated) {
  GreyImages data(20);
  data.damaged = {3, 11, 12};
  const GreyEncoder encoder;
  for (const std::size_t threads : {std::size_t{0}, std::size_t{4}}) {
    BadItems none(0);
    Loader strict(data, encoder, in_order(20), loader_options(4, threads), none);
    const auto failed = strict.next();
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::kInput);
    EXPECT_THAT(failed.error().message, HasSubstr("image 3: damaged"));
    EXPECT_THAT(failed.error().message, HasSubstr("--skip-bad"));
    EXPECT_EQ(strict.next().error().message, failed.error().message);

    BadItems few(2);
    Loader lenient(data, encoder, in_order(20), loader_options(4, threads), few);
    EXPECT_THAT(lenient.next().value()->items, ElementsAre(0, 1, 2));
    EXPECT_THAT(lenient.next().value()->items, ElementsAre(4, 5, 6, 7));
    EXPECT_THAT(lenient.next().value()->items, ElementsAre(8, 9, 10));
    const auto third = lenient.next();
    ASSERT_FALSE(third.has_value());
    EXPECT_THAT(third.error().message, HasSubstr("image 12: damaged"));
    EXPECT_THAT(few.messages(), ElementsAre("image 3: damaged", "image 11: damaged"));
  }
}

TEST(Loader, ADamagedItemThatIsReadAgainCountsOnce) {
  GreyImages data(6);
  data.damaged = {3};
  const GreyEncoder encoder;
  BadItems one(1);
  for (int reading = 0; reading < 2; ++reading) {
    Loader loader(data, encoder, in_order(6), loader_options(4, 0), one);
    EXPECT_EQ(load_all(loader).size(), 2U);
  }
  EXPECT_THAT(one.messages(), ElementsAre("image 3: damaged"));
}

TEST(Loader, ABatchWithoutAGoodItemIsLeftOut) {
  GreyImages data(6);
  data.damaged = {2, 3};
  const GreyEncoder encoder;
  BadItems bad(9);
  Loader loader(data, encoder, in_order(6), loader_options(2, 2), bad);
  const std::vector<Batch> batches = load_all(loader);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_THAT(batches[1].items, ElementsAre(4, 5));
}

TEST(Loader, ImagesMustHaveOneSize) {
  const GreyEncoder encoder;
  for (const std::size_t odd : {std::size_t{5}, std::size_t{8}}) {  // inside a batch, and at the start of one
    GreyImages data(12);
    data.larger = {odd};
    BadItems bad(3);
    Loader loader(data, encoder, in_order(12), loader_options(4, 2), bad);
    Result<std::optional<Batch>> batch = loader.next();
    while (batch && *batch) batch = loader.next();
    ASSERT_FALSE(batch.has_value());
    EXPECT_THAT(batch.error().message, HasSubstr(fmt::format("image {}: 5x5 pixels", odd)));
    EXPECT_THAT(batch.error().message, HasSubstr("4x4"));
  }
}

TEST(Loader, PadsTexts) {
  const Texts data({"a", "bcd", "", "efgh"});
  const auto encoder = make_text_encoder(std::make_shared<ByteTokenizer>(), 5);
  BadItems bad(0);
  Loader loader(data, *encoder, in_order(4), loader_options(2, 2), bad);
  const std::vector<Batch> batches = load_all(loader);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].kind, InputKind::kText);
  EXPECT_EQ(batches[0].length, 5u);
  EXPECT_THAT(batches[0].lengths, ElementsAre(3, 5));
  EXPECT_THAT(batches[0].tokens, ElementsAre(1, 'a', 2, 9, 9, 1, 'b', 'c', 'd', 2));
  EXPECT_THAT(batches[1].tokens, ElementsAre(1, 2, 9, 9, 9, 1, 'e', 'f', 'g', 2));
}

TEST(Shuffled, IsAPermutationBySeedAndEpoch) {
  const auto indices = [](const std::vector<Draw>& order) {
    std::vector<std::size_t> list;
    for (const Draw& draw : order) list.push_back(draw.index);
    return list;
  };
  const std::vector<std::size_t> first = indices(shuffled(50, 1, 0));
  EXPECT_EQ(std::set<std::size_t>(first.begin(), first.end()).size(), 50u);
  EXPECT_EQ(first, indices(shuffled(50, 1, 0)));
  EXPECT_NE(first, indices(shuffled(50, 1, 1)));
  EXPECT_NE(first, indices(shuffled(50, 2, 0)));
  std::set<std::uint64_t> draws;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch)
    for (const Draw& draw : shuffled(50, 1, epoch)) draws.insert(draw.draw);
  EXPECT_EQ(draws.size(), 150u);
}

}  // namespace
}  // namespace wootz
