#include <gtest/gtest.h>
#include <zlib.h>

#include "data_testing.h"
#include "support/matchers.h"
#include "support/temp_dir.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::opening_error;
using testing::TempDir;
using testing::write_file;

std::string idx(const std::vector<std::uint32_t>& sizes, const std::string& values) {
  std::string bytes = {0, 0, 8, static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes + values;
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(bytes.size() + 100, '\0');
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

const std::string kGrey = idx({3, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
const std::string kLabels = idx({3}, {2, 0, 1});

TEST(IdxTest, GreyImagesBecomeRgb) {
  const TempDir directory;
  write_file(directory / "train-images-idx3-ubyte", kGrey);
  write_file(directory / "train-labels-idx1-ubyte", kLabels);
  const auto data = testing::open_or_throw({"idx", directory.path(), "train", {}, {}});
  ASSERT_EQ(data->size(), 3u);
  EXPECT_EQ(data->kind(), InputKind::kImage);
  EXPECT_EQ(data->label(0), 2);
  EXPECT_EQ(data->label(2), 1);
  EXPECT_TRUE(data->class_names().empty());
  EXPECT_EQ(data->place(1), directory / "train-images-idx3-ubyte, image 1");
  const Image image = data->image(1).value();
  EXPECT_EQ(image.width, 2);
  EXPECT_THAT(image.pixels, ElementsAre(4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7));
}

TEST(IdxTest, TestIsAlsoCalledT10kAndMayBeGzipped) {
  const TempDir directory;
  write_file(directory / "t10k-images-idx4-ubyte.gz", gzip(idx({2, 1, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})));
  write_file(directory / "t10k-labels-idx1-ubyte.gz", gzip(idx({2}, {1, 0})));
  write_file(directory / "classes.txt", "no\nyes\n");
  const auto data = testing::open_or_throw({"idx", directory.path(), "test", {}, {}});
  EXPECT_THAT(data->class_names(), ElementsAre("no", "yes"));
  EXPECT_THAT(data->image(1).value().pixels, ElementsAre(6, 7, 8, 9, 10, 11));
}

TEST(IdxTest, AGzipFileMayHaveSeveralMembers) {
  const TempDir directory;
  write_file(directory / "test-images-idx3-ubyte.gz", gzip(kGrey.substr(0, 7)) + gzip(kGrey.substr(7)));
  write_file(directory / "test-labels-idx1-ubyte", kLabels);
  EXPECT_EQ(testing::open_or_throw({"idx", directory.path(), "test", {}, {}})->size(), 3u);
}

std::string error_with(const std::string& images, const std::string& labels, std::vector<std::string> names = {}) {
  const TempDir directory;
  write_file(directory / "test-images-idx3-ubyte", images);
  write_file(directory / "test-labels-idx1-ubyte", labels);
  return opening_error({"idx", directory.path(), "test", {}, std::move(names)});
}

TEST(IdxTest, MissingFilesAreNamed) {
  const TempDir directory;
  EXPECT_EQ(opening_error({"idx", directory / "none", "test", {}, {}}), directory / "none: no such directory");
  EXPECT_EQ(opening_error({"idx", directory.path(), "test", {}, {}}),
            directory.path() +
                ": no images of the split 'test': looked for test or t10k-images-idx3 or 4-ubyte, with "
                "and without .gz");
  write_file(directory / "dev-images-idx3-ubyte", kGrey);
  EXPECT_THAT(opening_error({"idx", directory.path(), "dev", {}, {}}), HasSubstr("no labels of the split 'dev'"));
}

TEST(IdxTest, WrongFilesAreErrors) {
  EXPECT_THAT(error_with(kLabels, kLabels), HasSubstr("not an IDX file of bytes with 3 dimensions: it begins with "
                                                      "0x00000801, not 0x00000803"));
  EXPECT_THAT(error_with(kGrey, idx({2}, {0, 1})), HasSubstr("has 3 images, but"));
  EXPECT_THAT(error_with(kGrey + "x", kLabels), HasSubstr("damaged: more than the 28 bytes that are announced"));
  EXPECT_THAT(error_with(kGrey, kLabels, {"a", "b"}),
              HasSubstr("image 0: label 2, but there are 2 class names (labels 0 to 1)"));
  EXPECT_THAT(error_with(idx({0, 2, 2}, ""), idx({0}, "")), HasSubstr("holds no images"));
  EXPECT_THAT(error_with(idx({3, 0, 2}, ""), kLabels), HasSubstr("images of 2 x 0 pixels"));
  EXPECT_THAT(error_with(idx({4294967295u, 4294967295u, 4294967295u}, "x"), kLabels), HasSubstr("truncated"));
  EXPECT_THAT(error_with(idx({1, 65536, 65536}, "x"), kLabels), HasSubstr("truncated"));
}

TEST(IdxTest, OtherNumbersOfChannelsAreErrors) {
  const TempDir directory;
  write_file(directory / "test-images-idx4-ubyte", idx({1, 1, 1, 2}, {0, 1}));
  write_file(directory / "test-labels-idx1-ubyte", idx({1}, {0}));
  EXPECT_THAT(opening_error({"idx", directory.path(), "test", {}, {}}), HasSubstr("images of 2 channels"));
}

TEST(IdxTest, TruncatedFilesAreErrors) {
  for (const bool zipped : {false, true})
    for (const std::string what : {"images-idx3", "labels-idx1"}) {
      const TempDir directory;
      write_file(directory / "test-images-idx3-ubyte.gz", gzip(kGrey));
      write_file(directory / "test-labels-idx1-ubyte.gz", gzip(kLabels));
      const std::string plain = what == "images-idx3" ? kGrey : kLabels;
      const std::string whole = zipped ? gzip(plain) : plain;
      for (std::size_t size = 0; size < whole.size(); ++size) {
        write_file(directory / ("test-" + what + "-ubyte" + (zipped ? ".gz" : "")), whole.substr(0, size));
        EXPECT_THAT(opening_error({"idx", directory.path(), "test", {}, {}}), HasSubstr("truncated")) << size;
      }
    }
}

TEST(IdxTest, DamagedGzipIsAnError) {
  const TempDir directory;
  write_file(directory / "test-labels-idx1-ubyte", kLabels);
  std::string bytes = gzip(kGrey);
  bytes[bytes.size() - 7] ^= 1;  // the checksum
  write_file(directory / "test-images-idx3-ubyte.gz", bytes);
  EXPECT_THAT(opening_error({"idx", directory.path(), "test", {}, {}}), HasSubstr("incorrect data check"));
  write_file(directory / "test-images-idx3-ubyte.gz", "plain text, not gzip");
  EXPECT_THAT(opening_error({"idx", directory.path(), "test", {}, {}}), HasSubstr("incorrect header check"));
}

}  // namespace
}  // namespace wootz
