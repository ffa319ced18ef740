#include "wootz/search/strategies.h"

#include <array>
#include <charconv>
#include <cmath>

#include "wootz/core/check.h"

namespace wootz {

bool is_better(const Quality& a, const Quality& b) {
  return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.loss < b.loss;
}

double rounded_candidate(double value) {
  std::array<char, 32> text{};
  constexpr int kDigits = 6;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, kDigits);
  double rounded = value;
  std::from_chars(text.data(), end.ptr, rounded);
  return rounded;
}

Result<> search_grid(std::span<const double> values, const Objective& objective) {
  for (const double value : values)
    if (auto quality = objective({&value, 1}); !quality) return tl::unexpected(std::move(quality).error());
  return {};
}

Result<> search_golden(const GoldenOptions& options, const Objective& objective) {
  WOOTZ_CHECK(options.low < options.high && options.evaluations >= 2);
  constexpr double kLeastWidth = 1e-6;  // of the range
  const double ratio = (std::sqrt(5.0) - 1.0) / 2.0;
  double low = options.low;
  double high = options.high;
  const double least = kLeastWidth * (high - low);
  const auto ask = [&](double at) {
    const double value = rounded_candidate(at);
    return objective({&value, 1});
  };
  double left = high - ratio * (high - low);
  double right = low + ratio * (high - low);
  WOOTZ_TRY(Quality at_left, ask(left));
  WOOTZ_TRY(Quality at_right, ask(right));
  for (std::size_t done = 2; done < options.evaluations && high - low > least; ++done) {
    if (is_better(at_right, at_left)) {
      low = left;
      left = right;
      at_left = at_right;
      right = low + ratio * (high - low);
      WOOTZ_TRY(at_right, ask(right));
    } else {
      high = right;
      right = left;
      at_right = at_left;
      left = high - ratio * (high - low);
      WOOTZ_TRY(at_left, ask(left));
    }
  }
  return {};
}

}  // namespace wootz
