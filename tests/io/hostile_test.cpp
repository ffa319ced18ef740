// Every checkpoint in tests/hostile lies in one way, and must be refused with one clear error.
#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <set>
#include <sstream>

#include "support/matchers.h"
#include "support/test_files.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

struct Case {
  std::string name;
  std::string message;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

std::vector<Case> read_cases() {
  std::istringstream lines(testing::read_file(WOOTZ_HOSTILE "/expected.txt"));
  std::vector<Case> cases;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    cases.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  return cases;
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  return name.substr(0, name.find('.'));
}

class Hostile : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Files, Hostile, ::testing::ValuesIn(read_cases()), test_name);

TEST_P(Hostile, IsRefused) {
  const std::string path = std::string(WOOTZ_HOSTILE "/files/") + GetParam().name;
  const auto checkpoint = Checkpoint::open(posix_file_system(), path);
  ASSERT_FALSE(checkpoint.has_value());
  const Error& error = checkpoint.error();
  EXPECT_EQ(error.kind, ErrorKind::kInput);
  EXPECT_THAT(error.message, testing::HasSubstr(GetParam().message));
  EXPECT_THAT(error.message, testing::HasSubstr(path)) << "the error must name the file";
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << "one error, one line";
  EXPECT_LT(error.message.size(), 1000u);
}

TEST(HostileFolder, EveryFileIsListed) {
  std::set<std::string> listed;
  for (const Case& each : read_cases()) listed.insert(each.name);
  EXPECT_GE(listed.size(), 25u);
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(WOOTZ_HOSTILE "/files"))
    found.insert(entry.path().filename().string());
  EXPECT_EQ(found, listed);
}

}  // namespace
}  // namespace wootz
