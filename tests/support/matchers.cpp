#include "support/matchers.h"

namespace wootz::testing {
namespace {

template <class Matcher>
::testing::AssertionResult expect_text(const char* expression, std::string_view text, const Matcher& matcher) {
  if (matcher.matches(text)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << expression << "\n  is: \"" << text << "\"\n  which must " << matcher.wanted();
}

}  // namespace

bool TextMatcher::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::kHasPart:
      return text.find(part_) != std::string_view::npos;
    case Kind::kLacksPart:
      return text.find(part_) == std::string_view::npos;
    case Kind::kEndsWith:
      return text.ends_with(part_);
  }
  return false;
}

std::string TextMatcher::wanted() const {
  const char* verb = kind_ == Kind::kHasPart ? "contain" : kind_ == Kind::kLacksPart ? "not contain" : "end with";
  return std::string(verb) + " \"" + part_ + "\"";
}

TextMatcher HasSubstr(std::string part) { return {TextMatcher::Kind::kHasPart, std::move(part)}; }

TextMatcher EndsWith(std::string part) { return {TextMatcher::Kind::kEndsWith, std::move(part)}; }

TextMatcher Not(const TextMatcher& matcher) {
  if (matcher.kind() != TextMatcher::Kind::kHasPart) std::abort();
  return {TextMatcher::Kind::kLacksPart, matcher.part()};
}

bool AllTextMatchers::matches(std::string_view text) const {
  return std::ranges::all_of(all, [&](const TextMatcher& matcher) { return matcher.matches(text); });
}

std::string AllTextMatchers::wanted() const {
  std::string text;
  for (const TextMatcher& matcher : all) text += (text.empty() ? "" : ", and ") + matcher.wanted();
  return text;
}

::testing::AssertionResult expect_that(const char* expression, const char*, std::string_view text,
                                       const TextMatcher& matcher) {
  return expect_text(expression, text, matcher);
}

::testing::AssertionResult expect_that(const char* expression, const char*, std::string_view text,
                                       const AllTextMatchers& matcher) {
  return expect_text(expression, text, matcher);
}

}  // namespace wootz::testing
