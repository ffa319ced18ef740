// EXPECT_THAT(value, matcher) with those of GoogleMock's matchers that the tests use, by their names there:
// GoogleMock's own take a third of the time in which a test file compiles.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#define EXPECT_THAT(value, matcher) EXPECT_PRED_FORMAT2(::wootz::testing::expect_that, value, matcher)

namespace wootz::testing {

/// What a text must be like. `wanted` says it in the message of a failure.
class TextMatcher {
 public:
  enum class Kind { kHasPart, kLacksPart, kEndsWith };

  TextMatcher(Kind kind, std::string part) : kind_(kind), part_(std::move(part)) {}
  Kind kind() const { return kind_; }
  const std::string& part() const { return part_; }
  bool matches(std::string_view text) const;
  std::string wanted() const;

 private:
  Kind kind_;
  std::string part_;
};

TextMatcher HasSubstr(std::string part);
TextMatcher EndsWith(std::string part);
/// Requires: HasSubstr.
TextMatcher Not(const TextMatcher& matcher);

struct AllTextMatchers {
  std::vector<TextMatcher> all;

  bool matches(std::string_view text) const;
  std::string wanted() const;
};

template <std::same_as<TextMatcher>... Matchers>
AllTextMatchers AllOf(Matchers... matchers) {
  return {{std::move(matchers)...}};
}

/// Whether a value is as asked for: by the matcher, or equal to a plain value; integers of two types are equal as
/// numbers.
template <class Value, class Wanted>
bool matches_one(const Value& value, const Wanted& wanted) {
  if constexpr (requires { wanted.matches(value); }) {
    return wanted.matches(value);
  } else if constexpr (std::integral<Value> && std::integral<Wanted> && !std::same_as<Value, Wanted>) {
    return std::cmp_equal(value, wanted);
  } else {
    return value == wanted;
  }
}

template <class Wanted>
std::string describe(const Wanted& wanted) {
  if constexpr (requires { wanted.wanted(); }) {
    return wanted.wanted();
  } else {
    return ::testing::PrintToString(wanted);
  }
}

template <class Bound>
struct AtLeast {
  Bound bound;

  bool matches(const Bound& value) const { return value >= bound; }
  std::string wanted() const { return ">= " + ::testing::PrintToString(bound); }
};

template <class Bound>
AtLeast<Bound> Ge(Bound bound) {
  return {std::move(bound)};
}

template <class Bound>
struct AtMost {
  Bound bound;

  bool matches(const Bound& value) const { return value <= bound; }
  std::string wanted() const { return "<= " + ::testing::PrintToString(bound); }
};

template <class Bound>
AtMost<Bound> Le(Bound bound) {
  return {std::move(bound)};
}

template <class Wanted>
struct Elements {
  std::vector<Wanted> all;

  bool matches(const auto& values) const {
    auto value = values.begin();
    for (const Wanted& wanted : all) {
      if (value == values.end() || !matches_one(*value++, wanted)) return false;
    }
    return value == values.end();
  }
  std::string wanted() const {
    std::string text = "these elements:";
    for (const Wanted& wanted : all) text += " " + describe(wanted);
    return text;
  }
};

/// Literals are kept as std::string, so that they are compared and printed as texts.
template <class Wanted>
using Kept = std::conditional_t<std::is_convertible_v<Wanted, const char*>, std::string, Wanted>;

/// Exactly these elements, in this order.
template <class First, class... Others>
auto ElementsAre(First first, Others... others) {
  using Wanted = Kept<std::common_type_t<First, Others...>>;
  return Elements<Wanted>{{Wanted(std::move(first)), Wanted(std::move(others))...}};
}

template <class Wanted>
struct EachElement {
  Wanted each;

  bool matches(const auto& values) const {
    return std::ranges::all_of(values, [&](const auto& value) { return matches_one(value, each); });
  }
  std::string wanted() const { return "only elements " + describe(each); }
};

template <class Wanted>
EachElement<Kept<Wanted>> Each(Wanted wanted) {
  return {std::move(wanted)};
}

template <class Wanted>
struct AnyElement {
  Wanted any;

  bool matches(const auto& values) const {
    return std::ranges::any_of(values, [&](const auto& value) { return matches_one(value, any); });
  }
  std::string wanted() const { return "an element " + describe(any); }
};

template <class Wanted>
AnyElement<Kept<Wanted>> Contains(Wanted wanted) {
  return {std::move(wanted)};
}

template <class Wanted>
struct PointsTo {
  Wanted pointed;

  bool matches(const auto* pointer) const { return pointer != nullptr && matches_one(*pointer, pointed); }
  std::string wanted() const { return "a pointer to " + describe(pointed); }
};

template <class Wanted>
PointsTo<Kept<Wanted>> Pointee(Wanted wanted) {
  return {std::move(wanted)};
}

struct IsEmpty {
  bool matches(const auto& values) const { return values.empty(); }
  std::string wanted() const { return "nothing"; }
};

::testing::AssertionResult expect_that(const char* expression, const char*, std::string_view text,
                                       const TextMatcher& matcher);
::testing::AssertionResult expect_that(const char* expression, const char*, std::string_view text,
                                       const AllTextMatchers& matcher);

/// What EXPECT_THAT calls for other values.
template <class Value, class Matcher>
requires(!std::convertible_to<const Value&, std::string_view>)::testing::AssertionResult
    expect_that(const char* expression, const char*, const Value& value, const Matcher& matcher) {
  if (matches_one(value, matcher)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << expression << "\n  has: " << ::testing::PrintToString(value)
                                       << "\n  must have: " << describe(matcher);
}

}  // namespace wootz::testing
