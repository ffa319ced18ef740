#include "wootz/core/diagnostic.h"

#include <gtest/gtest.h>

#include "wootz/core/check.h"

namespace wootz {
namespace {

TEST(Diagnostic, AsText) {
  using Severity = Diagnostic::Severity;
  EXPECT_EQ(to_string({Severity::kError, ErrorKind::kUsage, {"r.yml", 4, 7}, "bad"}), "r.yml:4:7: error: bad");
  EXPECT_EQ(to_string({Severity::kWarning, ErrorKind::kUsage, {"r.yml", 0, 0}, "odd"}), "r.yml: warning: odd");
  EXPECT_EQ(to_string({Severity::kNote, ErrorKind::kUsage, {}, "hm"}), "note: hm");
}

TEST(Diagnostics, GathersErrorsIntoOne) {
  Diagnostics findings;
  findings.note("read 2 models");
  findings.warning({"r.yml", 1, 1}, "odd");
  EXPECT_FALSE(findings.has_errors());

  Diagnostics more;
  more.error(ErrorKind::kIncompatible, {"r.yml", 2, 3}, "shapes differ");
  more.error(ErrorKind::kUsage, {"r.yml", 5, 6}, "unknown key");
  findings.append(std::move(more));
  ASSERT_TRUE(findings.has_errors());
  EXPECT_EQ(findings.items().size(), 4u);
  const Error error = findings.to_error();
  EXPECT_EQ(error.kind, ErrorKind::kIncompatible);
  EXPECT_EQ(error.message, "r.yml:2:3: error: shapes differ\nr.yml:5:6: error: unknown key");
}

TEST(DiagnosticsDeathTest, NoErrorToMake) { EXPECT_DEATH(Diagnostics().to_error(), "internal error"); }

TEST(CheckDeathTest, NamesTheConditionAndItsPlace) {
  EXPECT_DEATH(WOOTZ_CHECK(1 + 1 == 3),
               "internal error: 1 \\+ 1 == 3 does not hold \\(.*diagnostic_test.cpp:[0-9]+\\)");
  WOOTZ_CHECK(true);
}

Result<int> half_of(int value) {
  if (value % 2 != 0) return fail(ErrorKind::kInput, "{} is odd", value);
  return value / 2;
}

Result<int> quarter_of(int value) {
  WOOTZ_TRY(const int half, half_of(value));
  WOOTZ_TRY(const int quarter, half_of(half));
  return quarter;
}

Result<> check_quarter(int value) {
  WOOTZ_RETURN_IF_ERROR(quarter_of(value));
  return {};
}

TEST(Result, MacrosPassValuesAndErrors) {
  EXPECT_EQ(quarter_of(12).value(), 3);
  EXPECT_EQ(quarter_of(6).error().message, "3 is odd");
  EXPECT_TRUE(check_quarter(8).has_value());
  EXPECT_EQ(check_quarter(7).error().message, "7 is odd");
  EXPECT_EQ(check_quarter(7).error().within("file.txt").message, "file.txt: 7 is odd");
}

TEST(Result, ExitCodes) {
  EXPECT_EQ(exit_code(ErrorKind::kFailed), 1);
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorKind::kInput), 3);
  EXPECT_EQ(exit_code(ErrorKind::kIncompatible), 4);
  EXPECT_EQ(exit_code(ErrorKind::kIo), 5);
  EXPECT_EQ(exit_code(ErrorKind::kVerification), 6);
}

}  // namespace
}  // namespace wootz
