#include "wootz/io/json_scanner.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::HasSubstr;

Result<std::string> scan_string(std::string_view text) { return JsonScanner(text).string(); }
Result<std::uint64_t> scan_integer(std::string_view text) { return JsonScanner(text).unsigned_integer(); }

bool is_valid(const std::string& text) {
  JsonScanner scanner(text);
  return scanner.skip_value() && scanner.end();
}

TEST(JsonScanner, Strings) {
  EXPECT_EQ(scan_string(R"("plain")").value(), "plain");
  EXPECT_EQ(scan_string(R"( "")").value(), "");
  EXPECT_EQ(scan_string(R"("\"\\\/\b\f\n\r\t")").value(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(scan_string(R"("\u0041\u00e9\u20AC\ud83d\ude00")").value(), "A\u00e9\u20ac\U0001F600");
  EXPECT_EQ(scan_string("\"\u00e9\u20ac\U0001F600\uFFFF\U0010FFFF\"").value(),
            "\u00e9\u20ac\U0001F600\uFFFF\U0010FFFF");
}

TEST(JsonScanner, BrokenStrings) {
  for (const char* text : {"", "abc", "\"abc", "\"\\", "\"\\u00", "\"\\u00g0\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
                           "\"\\ud800\\", "\"\x01\"", "\"\x80\"", "\"\xc3\"", "\"\xe2\x82\"", "\"\xf5\x80\x80\x80\"",
                           "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\\u0000\""})
    EXPECT_FALSE(scan_string(text).has_value()) << text;
}

TEST(JsonScanner, Integers) {
  EXPECT_EQ(scan_integer("0").value(), 0u);
  EXPECT_EQ(scan_integer(" 42,").value(), 42u);
  EXPECT_EQ(scan_integer("18446744073709551615").value(), ~0ull);
  for (const char* text :
       {"", "-1", "+1", "01", "00", "1.0", "1e3", "1E3", "18446744073709551616", "99999999999999999999", "x", "\"1\""})
    EXPECT_FALSE(scan_integer(text).has_value()) << text;
}

TEST(JsonScanner, AnyValue) {
  for (const char* text : {"null", "true", " false ", "0", "-0", "-1.5e+10", "1E-2", "[]", "[1, [2], {}]",
                           "{\"a\": {\"b\": []}, \"a\": null}", "\"\\u00e9\""})
    EXPECT_TRUE(is_valid(text)) << text;
  for (const char* text :
       {"",  "nul",     "truex",  "01",          "1.",        ".5",   "-",   "1e",       "+1",  "[1,]",   "[1 2]",
        "[", "{\"a\"}", "{a: 1}", "{\"a\": 1,}", "{\"a\" 1}", "[1]]", "NaN", "Infinity", "'a'", "// x\n1"})
    EXPECT_FALSE(is_valid(text)) << text;
}

TEST(JsonScanner, DepthIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_valid(nested(60)));
  EXPECT_FALSE(is_valid(nested(70)));
  EXPECT_FALSE(is_valid(std::string(1000000, '[')));
}

TEST(JsonScanner, ErrorsSayWhere) {
  JsonScanner scanner("{ \"a\" 1}");
  const auto status = scanner.object([&](const std::string&) { return scanner.skip_value(); });
  EXPECT_EQ(status.error().message, "invalid JSON at byte 6: expected ':', found '1'");
}

TEST(JsonQuoted, EscapesWhatJsonDemands) {
  EXPECT_EQ(json_quoted("a\"\\/\b\f\n\r\t\x01\x7f", false), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\"");
  EXPECT_EQ(json_quoted("\u00e9\U0001F600\x7f", true), "\"\\u00e9\\ud83d\\ude00\\u007f\"");
  EXPECT_EQ(json_quoted("\u00e9\U0001F600", false), "\"\u00e9\U0001F600\"");
}

TEST(Printable, CannotSteerATerminal) {
  EXPECT_EQ(printable("model.w"), "'model.w'");
  EXPECT_EQ(printable("\u00e9"), "'\u00e9'");
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "'a\\x1b[2Jb\\x0a'");
  EXPECT_EQ(printable("\u009b"), "'\\xc2\\x9b'");
  EXPECT_EQ(printable("\xff"), "'\\xff'");
  EXPECT_THAT(printable(std::string(100000, 'x')), HasSubstr("bytes more)"));
  EXPECT_LT(printable(std::string(100000, 'x')).size(), 300u);
}

}  // namespace
}  // namespace wootz
