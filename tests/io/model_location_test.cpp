#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

// Gives the process an environment of its own for the length of a test.
class ModelLocation : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      saved_[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
      ::unsetenv(name);
    }
    set("HOME", directory_ / "home");
  }

  void TearDown() override {
    for (const auto& [name, value] : saved_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }

  // A cached model as huggingface_hub lays it out.
  void cache(const std::string& hub, const std::string& model, const std::string& commit) {
    write_file(hub + "/models--" + model + "/snapshots/" + commit + "/config.json", "{}");
  }

  Result<std::string> locate(const std::string& reference) {
    return locate_model(posix_file_system(), reference, directory_ / "recipes");
  }

  const TempDir directory_;
  std::map<std::string, std::optional<std::string>> saved_;
};

TEST_F(ModelLocation, LocalPaths) {
  write_file(directory_ / "recipes/models/a/config.json", "{}");
  write_file(directory_ / "elsewhere/config.json", "{}");
  EXPECT_EQ(locate("models/a").value(), directory_ / "recipes/models/a");
  EXPECT_EQ(locate("../elsewhere").value(), directory_ / "recipes/../elsewhere");
  EXPECT_EQ(locate(directory_ / "elsewhere").value(), directory_ / "elsewhere");
  EXPECT_EQ(locate(".").value(), directory_ / "recipes/.");
}

TEST_F(ModelLocation, HubCacheOfTheUser) {
  const std::string hub = directory_ / "home/.cache/huggingface/hub";
  cache(hub, "org--name", "abc123");
  write_file(hub + "/models--org--name/refs/main", "abc123");
  EXPECT_EQ(locate("org/name").value(), hub + "/models--org--name/snapshots/abc123");
}

TEST_F(ModelLocation, TheFirstVariableThatIsSetCounts) {
  const std::vector<std::pair<const char*, const char*>> places{
      {"XDG_CACHE_HOME", "xdg/huggingface/hub"}, {"HF_HOME", "hf/hub"}, {"HF_HUB_CACHE", "cache"}};
  set("XDG_CACHE_HOME", directory_ / "xdg");
  for (const auto& [variable, place] : places) {
    if (std::string_view(variable) == "HF_HOME") set(variable, directory_ / "hf");
    if (std::string_view(variable) == "HF_HUB_CACHE") set(variable, directory_ / "cache");
    const std::string hub = directory_ / place;
    cache(hub, "name", "c0");
    write_file(hub + "/models--name/refs/main", "c0\n");
    EXPECT_EQ(locate("name").value(), hub + "/models--name/snapshots/c0") << variable;
  }
}

TEST_F(ModelLocation, Revisions) {
  const std::string hub = directory_ / "hub";
  set("HF_HUB_CACHE", hub);
  cache(hub, "org--name", "c1");
  cache(hub, "org--name", "c2");
  write_file(hub + "/models--org--name/refs/v2.0", "c2");
  write_file(hub + "/models--org--name/refs/refs/pr/1", "c1");
  write_file(hub + "/models--org--name/refs/bad", "../../../..");
  EXPECT_EQ(locate("org/name@v2.0").value(), hub + "/models--org--name/snapshots/c2");
  EXPECT_EQ(locate("org/name@refs/pr/1").value(), hub + "/models--org--name/snapshots/c1");
  EXPECT_EQ(locate("org/name@c1").value(), hub + "/models--org--name/snapshots/c1");
  for (const char* reference : {"org/name", "org/name@main", "org/name@bad"}) {
    const auto missing = locate(reference);
    ASSERT_FALSE(missing) << reference;
    EXPECT_EQ(missing.error().kind, ErrorKind::kInput);
    EXPECT_THAT(missing.error().message, AllOf(HasSubstr("not its revision"), HasSubstr("c1, c2")));
  }
}

TEST_F(ModelLocation, UnknownModelsSayWhereTheyWereLookedFor) {
  const auto missing = locate("org/nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kInput);
  EXPECT_THAT(missing.error().message,
              AllOf(HasSubstr("'org/nothing'"), HasSubstr(directory_ / "recipes/org/nothing"),
                    HasSubstr(directory_ / "home/.cache/huggingface/hub/models--org--nothing")));
}

TEST_F(ModelLocation, PathsAreNoHubNames) {
  cache(directory_ / "home/.cache/huggingface/hub", "a", "c0");
  for (const char* reference :
       {"/models/none", "a/b/c", "../none", "org/na me", "org/name@", "org/name@../x", "a@b@c"}) {
    const auto missing = locate(reference);
    ASSERT_FALSE(missing) << reference;
    EXPECT_THAT(missing.error().message, testing::Not(HasSubstr("models--"))) << reference;
  }
  EXPECT_FALSE(locate(""));
}

}  // namespace
}  // namespace wootz
