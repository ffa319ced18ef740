#include <gtest/gtest.h>

#include <filesystem>

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

const std::string kImage = "P2 1 1 255 ";

class ImageFolderTest : public ::testing::Test {
 protected:
  void add(const std::string& path, int grey) { write_file(directory_ / path, kImage + std::to_string(grey)); }
  DataSpec spec(std::vector<std::string> names = {}, const std::string& split = "test") const {
    return {"imagefolder", directory_.path(), split, {}, std::move(names)};
  }

  TempDir directory_;
};

TEST_F(ImageFolderTest, ClassesAndFilesAreSorted) {
  add("test/dog/10.pgm", 1);
  add("test/dog/9.pgm", 2);
  add("test/cat/deep/er/x.PGM", 3);
  add("test/cat/a.pgm", 4);
  add("test/cat/notes.txt", 5);
  add("test/.hidden/a.pgm", 6);
  add("test/stray.pgm", 7);
  const auto data = testing::open_or_throw(spec());
  EXPECT_THAT(data->class_names(), ElementsAre("cat", "dog"));
  ASSERT_EQ(data->size(), 4u);
  std::vector<int> greys;
  std::vector<int> labels;
  for (std::size_t i = 0; i < data->size(); ++i) {
    greys.push_back(data->image(i).value().pixels[0]);
    labels.push_back(data->label(i));
  }
  EXPECT_THAT(greys, ElementsAre(4, 3, 1, 2));
  EXPECT_THAT(labels, ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(data->place(1), directory_ / "test/cat/deep/er/x.PGM");
}

TEST_F(ImageFolderTest, ADamagedImageIsNamed) {
  write_file(directory_ / "test/cat/a.png", "not an image");
  const auto data = testing::open_or_throw(spec());
  const auto image = data->image(0);
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr(directory_ / "test/cat/a.png: not an image in a known format"));
}

TEST_F(ImageFolderTest, ClassesTxtGivesTheOrder) {
  add("test/dog/a.pgm", 1);
  add("test/cat/a.pgm", 2);
  write_file(directory_ / "classes.txt", "dog\ncat\n");
  const auto data = testing::open_or_throw(spec());
  EXPECT_THAT(data->class_names(), ElementsAre("dog", "cat"));
  EXPECT_EQ(data->image(0).value().pixels[0], 1);
  EXPECT_THAT(testing::open_or_throw(spec({"cat", "dog"}))->class_names(), ElementsAre("cat", "dog"));
}

TEST_F(ImageFolderTest, OtherNamesNameTheSortedFolders) {
  add("test/n02/a.pgm", 1);
  add("test/n01/a.pgm", 2);
  const auto data = testing::open_or_throw(spec({"cat", "dog"}));
  EXPECT_THAT(data->class_names(), ElementsAre("cat", "dog"));
  EXPECT_EQ(data->image(0).value().pixels[0], 2);
}

TEST_F(ImageFolderTest, NamesThatDoNotMatchAreErrors) {
  add("test/cat/a.pgm", 1);
  add("test/dog/a.pgm", 2);
  EXPECT_EQ(opening_error(spec({"cat", "dogs"})),
            directory_ /
                "test: the class folders are not those that the task catalogue names: no folder for dogs; no "
                "such class as dog");
  EXPECT_EQ(opening_error(spec({"a", "b", "c"})),
            directory_ / "test: 2 class folders, but the task catalogue has 3 class names");
  write_file(directory_ / "classes.txt", "cat\n");
  EXPECT_EQ(opening_error(spec()), directory_ / "test: the class folders are not those that " +
                                       (directory_ / "classes.txt names: no such class as dog"));
}

TEST_F(ImageFolderTest, MissingSplitsSayWhatIsThere) {
  EXPECT_EQ(opening_error({"imagefolder", directory_ / "none", "test", {}, {}}),
            directory_ / "none: no such directory");
  EXPECT_THAT(opening_error(spec()), HasSubstr("no split 'test' there, nor any other folder"));
  add("cat/a.pgm", 1);
  add("dog/a.pgm", 1);
  EXPECT_THAT(opening_error(spec()), HasSubstr("no split 'test' there; the folders are cat, dog. Images are looked for "
                                               "in " +
                                               (directory_ / "test/<class>/")));
}

TEST_F(ImageFolderTest, EmptyFoldersAreErrors) {
  std::filesystem::create_directories(directory_ / "test");
  EXPECT_THAT(opening_error(spec()), HasSubstr("no class folders"));
  add("test/cat/a.pgm", 1);
  std::filesystem::create_directories(directory_ / "test/dog");
  EXPECT_THAT(opening_error(spec()), HasSubstr("test/dog: no images (.png, .jpg"));
}

TEST_F(ImageFolderTest, AFolderLinkedToItselfIsAnError) {
  add("test/cat/a.pgm", 1);
  std::filesystem::create_directory_symlink(directory_ / "test/cat", directory_ / "test/cat/again");
  EXPECT_THAT(opening_error(spec()), HasSubstr("is one a link to itself?"));
}

}  // namespace
}  // namespace wootz
