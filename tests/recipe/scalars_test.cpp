#include "wootz/yaml/scalars.h"

#include <gtest/gtest.h>

#include <clocale>

#include "wootz/recipe/references.h"

namespace wootz {
namespace {

TEST(Scalars, ReadsNumbersAsPyYamlAndPydanticDo) {
  const std::vector<std::pair<const char*, double>> cases = {
      {"1", 1.0},    {"-1", -1.0},  {"+3", 3.0},     {"1e-5", 1e-5},     {"1E5", 1e5},   {".5", 0.5},
      {"-.5", -0.5}, {"2.", 2.0},   {"1_000", 1000}, {"1_0.5_0", 10.50}, {" 7 ", 7.0},   {"0", 0.0},
      {"-0", -0.0},  {"0.30", 0.3}, {"00.5", 0.5},   {"1.0e-3", 1e-3},   {"1e+2", 100.0}};
  for (const auto& [text, value] : cases) {
    const Result<double> read = parse_number(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, value) << text;
  }
}

TEST(Scalars, RefusesWhatIsNoNumber) {
  for (const char* text : {"",     " ",   "x",    "1x",    "1 2",   "_1",       "1_",    "1__0",   "1._5", "+",   "-",
                           "+-1",  "--1", "0x10", "0b1",   "1,5",   "1:30",     "e5",    "1e",     "true", "nan", "NaN",
                           ".nan", "inf", ".inf", "-.Inf", "+.inf", "infinity", "1e999", "-1e999", "010",  "-01", "00"})
    EXPECT_FALSE(parse_number(text)) << text;
}

TEST(Scalars, NumbersDoNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C"})
    if (std::setlocale(LC_ALL, name) != nullptr) {
      EXPECT_EQ(parse_number("0.25").value_or(0.0), 0.25) << name;
      EXPECT_FALSE(parse_number("0,25")) << name;
    }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Scalars, ReadsFlags) {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "on", "ON", "1", "1.0"})
    EXPECT_EQ(parse_flag(text), true) << text;
  for (const char* text : {"false", "False", "no", "NO", "off", "0", "0.0"}) EXPECT_EQ(parse_flag(text), false) << text;
  for (const char* text : {"", "2", "0.5", "y", "n", "maybe", "tru", "nan"})
    EXPECT_EQ(parse_flag(text), std::nullopt) << text;
}

TEST(Scalars, ReadsUnsignedIntegers) {
  EXPECT_EQ(parse_unsigned("0"), 0U);
  EXPECT_EQ(parse_unsigned("1_000"), 1000U);
  EXPECT_EQ(parse_unsigned("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"18446744073709551616", "-1", "1.5", "1e3", "", "x", "012", "0x1"})
    EXPECT_EQ(parse_unsigned(text), std::nullopt) << text;
}

TEST(References, EqualityIsThatOfPaths) {
  EXPECT_TRUE(same_reference("a", "a"));
  EXPECT_TRUE(same_reference("./a/", "a"));
  EXPECT_TRUE(same_reference("x/../a//b", "a/b/"));
  EXPECT_FALSE(same_reference("a", "b"));
  EXPECT_FALSE(same_reference("/a", "a"));
  EXPECT_FALSE(same_reference("org/a@1", "org/a@2"));
}

}  // namespace
}  // namespace wootz
