#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "data_testing.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "wootz/data/group_cache.h"

namespace wootz {
namespace {

using testing::data_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::opening_error;
using testing::TempDir;
using testing::write_file;

TEST(GroupCacheTest, TheLeastRecentlyUsedIsForgotten) {
  GroupCache cache(10);
  int reads = 0;
  const auto get = [&](std::size_t number) {
    return cache.get(number, [&]() -> Result<ByteColumn> {
      ++reads;
      return ByteColumn{std::string(4, 'x'), {4}, {true}};
    });
  };
  for (const std::size_t number : {1u, 2u, 1u, 2u}) EXPECT_EQ(get(number).value()->item(0), "xxxx");
  EXPECT_EQ(reads, 2);
  get(3);  // 2 was used later than 1
  get(2);
  EXPECT_EQ(reads, 3);
  get(1);
  EXPECT_EQ(reads, 4);
}

TEST(GroupCacheTest, OneLargerThanTheCacheIsKeptWhileItIsTheLast) {
  GroupCache cache(10);
  int reads = 0;
  for (int i = 0; i < 3; ++i)
    cache.get(7, [&]() -> Result<ByteColumn> {
      ++reads;
      return ByteColumn{std::string(100, 'x'), {100}, {true}};
    });
  EXPECT_EQ(reads, 1);
}

TEST(GroupCacheTest, SeveralThreadsReadOnce) {
  GroupCache cache(1 << 20);
  std::atomic<int> reads = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::size_t number = 0; number < 50; ++number) {
        const auto group = cache.get(number, [&]() -> Result<ByteColumn> {
          ++reads;
          return ByteColumn{std::to_string(number), {std::to_string(number).size()}, {true}};
        });
        EXPECT_EQ(group.value()->item(0), std::to_string(number));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(reads, 50);
}

#ifdef WOOTZ_HAS_PARQUET

TEST(ParquetTest, ShardsAndRowGroupsAreOneSet) {
  const auto data = testing::open_or_throw({"parquet", data_file("parquet"), "test", {}, {}});
  ASSERT_EQ(data->size(), 10u);
  EXPECT_EQ(data->kind(), InputKind::kImage);
  EXPECT_THAT(data->class_names(), ElementsAre("cat", "dog", "eel"));
  for (const std::size_t i : {9u, 0u, 6u, 7u, 3u, 2u, 8u, 1u, 4u, 5u}) {
    EXPECT_EQ(data->label(i), static_cast<int>(i % 3));
    const Image image = data->image(i).value();
    EXPECT_EQ(image.width, 4);
    EXPECT_EQ(image.pixels[0], 10 * i);
  }
  EXPECT_EQ(data->place(6), data_file("parquet/data/test-00000-of-00002.parquet, row 6"));
  EXPECT_EQ(data->place(8), data_file("parquet/data/test-00001-of-00002.parquet, row 1"));
}

TEST(ParquetTest, SeveralThreadsRead) {
  const auto data = testing::open_or_throw({"parquet", data_file("parquet"), "test", {}, {}});
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 40; ++i) {
        const std::size_t index = (7 * i + t) % 10;
        EXPECT_EQ(data->image(index).value().pixels[0], 10 * index);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(ParquetTest, ColumnsCanBeNamed) {
  const std::string path = data_file("parquet/plain.parquet");
  const auto images =
      testing::open_or_throw({"parquet", path, "test", {{"image_column", "picture"}, {"label_column", "kind"}}, {}});
  EXPECT_EQ(images->label(0), 2);
  EXPECT_EQ(images->image(2).value().pixels[0], 20);
  const auto texts = testing::open_or_throw(
      {"parquet", path, "test", {{"text_column", "sentence"}, {"label_column", "kind"}}, {"x", "y", "z"}});
  EXPECT_EQ(texts->kind(), InputKind::kText);
  EXPECT_EQ(texts->text(1).value(), "b c");
  EXPECT_THAT(texts->class_names(), ElementsAre("x", "y", "z"));

  EXPECT_THAT(opening_error({"parquet", path, "test", {}, {}}),
              HasSubstr("no column 'image'; it has picture, kind, sentence, list. Name the right one with the option "
                        "image_column"));
  EXPECT_THAT(opening_error({"parquet", path, "test", {{"image_column", "picture"}, {"label_column", "sentence"}}, {}}),
              HasSubstr("column 'sentence', row group 0: not of integers"));
  EXPECT_THAT(opening_error({"parquet", path, "test", {{"image_column", "picture"}, {"text_column", "sentence"}}, {}}),
              HasSubstr("both image_column and text_column"));
  EXPECT_THAT(opening_error({"parquet", path, "test", {{"image_column", "picture"}, {"label_column", "kind"}}, {"x"}}),
              HasSubstr("row 0: label 2, but there are 1 class names"));
  const auto numbers =
      testing::open_or_throw({"parquet", path, "test", {{"image_column", "kind"}, {"label_column", "kind"}}, {}});
  EXPECT_THAT(numbers->image(0).error().message, HasSubstr("not of bytes"));
}

TEST(ParquetTest, MissingThingsAreNamed) {
  EXPECT_THAT(opening_error({"parquet", data_file("parquet"), "train", {}, {}}),
              HasSubstr("no split 'train' there: looked for train-*.parquet, also in data/; splits there are nulls, "
                        "plain, test, unlabelled"));
  EXPECT_THAT(opening_error({"parquet", data_file("nowhere"), "train", {}, {}}), HasSubstr("no such file"));
  EXPECT_THAT(opening_error({"parquet", data_file("rgb.png"), "train", {}, {}}), HasSubstr("not a parquet file"));
  EXPECT_THAT(opening_error({"parquet", data_file("parquet/unlabelled.parquet"), "test", {}, {}}),
              HasSubstr("row 0: label -1"));
}

TEST(ParquetTest, ANullIsAnErrorOfItsItem) {
  const auto data = testing::open_or_throw({"parquet", data_file("parquet/nulls.parquet"), "test", {}, {}});
  EXPECT_THAT(data->image(0).error().message, HasSubstr("row 0: no image here, only a null"));
  EXPECT_EQ(data->image(1).value().pixels[0], 10);
}

// Opens and reads everything; errors are well.
void read_all(const std::string& path) {
  const auto data = open_dataset(posix_file_system(), {"parquet", path, "test", {}, {}});
  if (!data) return;
  for (std::size_t i = 0; i < (*data)->size(); ++i) (void)(*data)->image(i);
}

TEST(ParquetTest, TruncatedAndDamagedFilesAreErrors) {
  const TempDir directory;
  const std::string whole = testing::read_file(data_file("parquet/data/test-00000-of-00002.parquet"));
  const std::string path = directory / "test.parquet";
  for (std::size_t size = 0; size < whole.size(); size += 31) {
    write_file(path, whole.substr(0, size));
    EXPECT_THAT(opening_error({"parquet", path, "test", {}, {}}), HasSubstr("not a parquet file, or a damaged one"));
  }
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    write_file(path, damaged);
    read_all(path);
  }
}

#else

TEST(ParquetTest, ABuildWithoutArrowSaysHowToGetIt) {
  EXPECT_THAT(opening_error({"parquet", data_file("parquet"), "test", {}, {}}),
              HasSubstr("this build cannot read parquet"));
}

#endif

}  // namespace
}  // namespace wootz
