#include "wootz/eval/zero_shot_words.h"

#include <cstdlib>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

std::string error_of(const std::string& text) {
  const TempDir directory;
  write_file(directory / "words.yml", text);
  const auto words = load_zero_shot_words(posix_file_system(), directory / "words.yml");
  if (words) return "no error";
  EXPECT_EQ(words.error().kind, ErrorKind::kUsage);
  return words.error().message;
}

TEST(ZeroShotWordsTest, ReadsClassesAndTemplates) {
  const TempDir directory;
  write_file(directory / "words.yml", "classes: [cat, '0', 7]\ntemplates:\n  - 'a photo of a \"{}\".'\n");
  const auto words = load_zero_shot_words(posix_file_system(), directory / "words.yml");
  ASSERT_TRUE(words) << words.error().message;
  EXPECT_EQ(words->source, directory / "words.yml");
  EXPECT_THAT(words->classes, ElementsAre("cat", "0", "7"));
  EXPECT_EQ(fill_template(words->templates.front(), "big {} cat"), "a photo of a \"big {} cat\".");
}

TEST(ZeroShotWordsTest, SaysWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("classes: [a]\n"), HasSubstr("'templates' is missing"));
  EXPECT_THAT(error_of("classes: []\ntemplates: ['{}']\n"), HasSubstr("'classes' must be a list of texts"));
  EXPECT_THAT(error_of("classes: [a, '']\ntemplates: ['{}']\n"), HasSubstr("none of them empty"));
  EXPECT_THAT(error_of("classes: [a]\ntemplates: ['a photo', '{} {}']\n"),
              AllOf(HasSubstr("template 'a photo' must have {} once"), HasSubstr("template '{} {}' must")));
  EXPECT_THAT(error_of("class: [a]\ntemplates: ['{}']\n"), HasSubstr("unknown key 'class'"));
}

TEST(ZeroShotWordsTest, KnowsTheTasksOfThePapers) {
  const std::vector<std::pair<std::string, std::size_t>> tasks = {
      {"SUN397", 397}, {"stanford_cars", 196}, {"resisc45", 45}, {"eurosat", 10},
      {"svhn", 10},    {"gtsrb", 43},          {"mnist", 10},    {"dtd", 47}};
  for (const auto& [task, classes] : tasks) {
    const auto words = find_zero_shot_words(posix_file_system(), task, WOOTZ_EVAL_SHARE);
    ASSERT_TRUE(words) << words.error().message;
    EXPECT_EQ(words->classes.size(), classes) << task;
  }
  EXPECT_EQ(find_zero_shot_words(posix_file_system(), "mnist", WOOTZ_EVAL_SHARE)->templates.front(),
            "a photo of the number: \"{}\".");
}

TEST(ZeroShotWordsTest, EveryFileCanBeRead) {
  const auto names = posix_file_system().list(WOOTZ_EVAL_SHARE "/zero_shot");
  ASSERT_TRUE(names);
  EXPECT_GE(names->size(), 20U);
  for (const std::string& name : *names) {
    const auto words = load_zero_shot_words(posix_file_system(), join_path(WOOTZ_EVAL_SHARE "/zero_shot", name));
    EXPECT_TRUE(words) << words.error().message;
  }
}

TEST(ZeroShotWordsTest, NamesTheNearestTask) {
  const auto typo = find_zero_shot_words(posix_file_system(), "eurosta", WOOTZ_EVAL_SHARE);
  ASSERT_FALSE(typo);
  EXPECT_THAT(typo.error().message, HasSubstr("'eurosta' (did you mean 'eurosat'?)"));
  EXPECT_FALSE(find_zero_shot_words(posix_file_system(), "../zero_shot/mnist", WOOTZ_EVAL_SHARE));
  const auto nowhere = find_zero_shot_words(posix_file_system(), "mnist", "/nowhere");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("no folder '/nowhere/zero_shot': set WOOTZ_SHARE"));
}

TEST(ZeroShotWordsTest, TheEnvironmentChoosesTheShareDirectory) {
  ::unsetenv("WOOTZ_SHARE");
  EXPECT_EQ(default_share_directory(), WOOTZ_EVAL_SHARE);
  ::setenv("WOOTZ_SHARE", "/elsewhere", 1);
  EXPECT_EQ(default_share_directory(), "/elsewhere");
  ::unsetenv("WOOTZ_SHARE");
}

}  // namespace
}  // namespace wootz
