#include "wootz/search/search_values.h"

#include <cmath>
#include <string>

#include "wootz/search/strategies.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

Result<double> number_of(std::string_view text) {
  const Result<double> value = parse_number(text);
  if (!value) return fail(ErrorKind::kUsage, "a value {}", value.error().message);
  return value;
}

std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts = {""};
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

Result<std::vector<double>> parse_steps(const std::vector<std::string>& parts) {
  constexpr double kMostValues = 10'000;
  constexpr double kSlack = 1e-9;  // of a step: the end counts although 0.1 is no binary fraction
  WOOTZ_TRY(const double low, number_of(parts[0]));
  WOOTZ_TRY(const double high, number_of(parts[1]));
  WOOTZ_TRY(const double step, number_of(parts[2]));
  if (!(step > 0.0) || high < low) return fail(ErrorKind::kUsage, "the values go up, by a step above 0");
  const double count = std::floor((high - low) / step + kSlack);
  if (count >= kMostValues) return fail(ErrorKind::kUsage, "these are more than {} values", kMostValues);
  std::vector<double> values;
  for (double i = 0.0; i <= count; ++i) values.push_back(rounded_candidate(low + i * step));
  return values;
}

}  // namespace

Result<std::vector<double>> parse_grid(std::string_view text) {
  if (const auto parts = parts_of(text, ':'); parts.size() == 3) return parse_steps(parts);
  if (text.find(':') != std::string_view::npos)
    return fail(ErrorKind::kUsage, "'{}' is no grid; write FROM:TO:STEP, or values with commas between", text);
  std::vector<double> values;
  for (const std::string& part : parts_of(text, ',')) {
    WOOTZ_TRY(const double value, number_of(part));
    values.push_back(value);
  }
  return values;
}

Result<std::pair<double, double>> parse_range(std::string_view text) {
  const auto parts = parts_of(text, ':');
  if (parts.size() != 2) return fail(ErrorKind::kUsage, "'{}' is no range; write LOW:HIGH", text);
  WOOTZ_TRY(const double low, number_of(parts[0]));
  WOOTZ_TRY(const double high, number_of(parts[1]));
  return std::pair(low, high);
}

}  // namespace wootz
