#include "wootz/kernels/reference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "wootz/core/check.h"
#include "wootz/core/half.h"
#include "wootz/kernels/magnitude.h"

namespace wootz::kernels::reference {
namespace {

static_assert(std::endian::native == std::endian::little, "stored elements are read as they lie in memory");

template <typename T>
T read_at(const std::byte* stored, std::size_t i) {
  T value;
  std::memcpy(&value, stored + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void write_at(std::byte* stored, std::size_t i, T value) {
  std::memcpy(stored + i * sizeof(T), &value, sizeof(T));
}

double load_one(Dtype dtype, const std::byte* stored, std::size_t i) {
  switch (dtype) {
    case Dtype::kF64:
      return read_at<double>(stored, i);
    case Dtype::kF32:
      return static_cast<double>(read_at<float>(stored, i));
    case Dtype::kF16:
      return f16_to_double(read_at<std::uint16_t>(stored, i));
    default:
      return bf16_to_double(read_at<std::uint16_t>(stored, i));
  }
}

// The sum over the lanes at position i.
template <typename Pointers>
double lane_sum(const Pointers& x, std::size_t i) {
  double sum = x.empty() ? 0.0 : x[0][i];
  for (std::size_t k = 1; k < x.size(); ++k) sum += x[k][i];
  return sum;
}

}  // namespace

void load(Dtype dtype, const std::byte* stored, std::size_t n, double* out) {
  WOOTZ_CHECK(is_mergeable(dtype));
  for (std::size_t i = 0; i < n; ++i) out[i] = load_one(dtype, stored, i);
}

void store(Dtype dtype, const double* values, std::size_t n, std::byte* stored) {
  WOOTZ_CHECK(is_mergeable(dtype));
  for (std::size_t i = 0; i < n; ++i) {
    if (dtype == Dtype::kF64)
      write_at(stored, i, values[i]);
    else if (dtype == Dtype::kF32)
      write_at(stored, i, static_cast<float>(values[i]));
    else
      write_at(stored, i, dtype == Dtype::kF16 ? double_to_f16(values[i]) : double_to_bf16(values[i]));
  }
}

void load_difference(Dtype dtype, const std::byte* stored, const double* base, std::size_t n, double* out) {
  WOOTZ_CHECK(is_mergeable(dtype));
  for (std::size_t i = 0; i < n; ++i) out[i] = load_one(dtype, stored, i) - base[i];
}

void add(double* x, const double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] += y[i];
}

void subtract(double* x, const double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] -= y[i];
}

void scale(double* x, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

void weighted_sum(const double* base, double factor, std::span<const double* const> x, std::span<const double> weights,
                  double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double sum = x.empty() ? 0.0 : weights[0] * x[0][i];
    for (std::size_t k = 1; k < x.size(); ++k) sum += weights[k] * x[k][i];
    out[i] = base != nullptr ? base[i] + factor * sum : factor * sum;
  }
}

void consensus(const Consensus& options, const double* base, std::span<const double* const> x,
               std::span<const double> weights, double* out, std::size_t n) {
  const bool weighted = options.vote == Vote::kWeighted;
  for (std::size_t i = 0; i < n; ++i) {
    double votes = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double vote = weighted ? weights[k] * x[k][i] : x[k][i];
      votes = k == 0 ? vote : votes + vote;
    }
    const bool positive = votes >= 0.0;
    double mixed = 0.0;
    double kept_weight = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double product = weights[k] * x[k][i];
      const double vote = weighted ? product : x[k][i];
      const bool kept = positive ? vote > 0.0 : vote < 0.0;
      mixed = (k == 0 ? 0.0 : mixed) + (kept ? product : 0.0);
      kept_weight += kept ? weights[k] : 0.0;
    }
    if (options.normalize) {
      double divisor = std::abs(kept_weight) < options.floor ? options.floor : kept_weight;
      if (divisor == 0.0) divisor = 1.0;
      mixed /= divisor;
    }
    out[i] = base != nullptr ? base[i] + options.factor * mixed : options.factor * mixed;
  }
}

void elect_sign(std::span<double* const> x, double zero_sign, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double sum = lane_sum(x, i);
    const bool positive = sum > 0.0 || (sum == 0.0 && zero_sign > 0.0);
    for (double* lane : x)
      if (positive ? lane[i] < 0.0 : lane[i] > 0.0) lane[i] = 0.0;
  }
}

void variance(std::span<const double* const> x, double* out, std::size_t n) {
  const auto count = static_cast<double>(x.size());
  for (std::size_t i = 0; i < n; ++i) {
    const double mean = lane_sum(x, i) / count;
    double sum = 0.0;
    for (const double* lane : x) {
      const double distance = lane[i] - mean;
      sum += distance * distance;
    }
    out[i] = sum / count;
  }
}

void add_absolute(const double* x, std::size_t n, Sum& sum) {
  for (std::size_t i = 0; i < n; ++i) sum.lanes[i % kSumLanes] += std::abs(x[i]);
}

namespace {

// By the products where the vector code has them at hand: a NaN then hides a conflict only between its neighbours.
bool signs_conflict(std::span<const double* const> x, std::size_t i) {
  if (x.size() > 4) {
    const bool positive = std::any_of(x.begin(), x.end(), [i](const double* lane) { return lane[i] > 0.0; });
    const bool negative = std::any_of(x.begin(), x.end(), [i](const double* lane) { return lane[i] < 0.0; });
    return positive && negative;
  }
  double least = 0.0;
  for (std::size_t a = 0; a < x.size(); ++a)
    for (std::size_t b = a + 1; b < x.size(); ++b) {
      const double product = x[a][i] * x[b][i];
      least = least < product ? least : product;
    }
  return least < 0.0;
}

}  // namespace

std::uint64_t add_gram(std::span<const double* const> x, std::size_t n, std::span<Sum> gram) {
  std::size_t entry = 0;
  for (std::size_t a = 0; a < x.size(); ++a)
    for (std::size_t b = a; b < x.size(); ++b, ++entry)
      for (std::size_t i = 0; i < n; ++i) gram[entry].lanes[i % kSumLanes] += x[a][i] * x[b][i];
  std::uint64_t conflicts = 0;
  for (std::size_t i = 0; i < n; ++i)
    if (signs_conflict(x, i)) ++conflicts;
  return conflicts;
}

std::uint64_t count_nonfinite(const double* x, std::size_t n) {
  return static_cast<std::uint64_t>(std::count_if(x, x + n, [](double value) { return !std::isfinite(value); }));
}

std::uint64_t count_nonzero(const double* x, std::size_t n) {
  return static_cast<std::uint64_t>(std::count_if(x, x + n, [](double value) { return value != 0.0; }));
}

std::int64_t sign_balance(std::span<const double* const> x, std::size_t n) {
  std::int64_t balance = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double sum = lane_sum(x, i);
    balance += (sum > 0.0 ? 1 : 0) - (sum < 0.0 ? 1 : 0);
  }
  return balance;
}

void magnitude_keys(const double* x, std::size_t n, MagnitudeKey* keys) { std::transform(x, x + n, keys, key_of); }

void count_range(const double* x, std::size_t n, MagnitudeKey low, MagnitudeKey high, RangeCount& counts,
                 std::vector<MagnitudeKey>& inside) {
  for (std::size_t i = 0; i < n; ++i) {
    const MagnitudeKey key = key_of(x[i]);
    if (key > high)
      ++counts.above;
    else if (key == high)
      ++counts.at_high;
    else if (key == low)
      ++counts.at_low;
    else if (key > low)
      inside.push_back(key);
  }
}

std::uint64_t count_key(const double* x, std::size_t n, MagnitudeKey key) {
  return static_cast<std::uint64_t>(std::count_if(x, x + n, [key](double value) { return key_of(value) == key; }));
}

void keep_window(double* x, std::size_t n, Window& window) {
  for (std::size_t i = 0; i < n; ++i)
    if (!take_from_window(key_of(x[i]), window)) x[i] = 0.0;
}

void keep_window_by_score(std::span<double* const> x, const double* score, std::size_t n, Window& window) {
  for (std::size_t i = 0; i < n; ++i) {
    if (take_from_window(key_of(score[i]), window)) continue;
    for (double* lane : x) lane[i] = 0.0;
  }
}

void pack_nonzero(const double* x, std::size_t n, std::uint8_t* bits) {
  std::fill_n(bits, (n + 7) / 8, std::uint8_t{0});
  for (std::size_t i = 0; i < n; ++i)
    if (x[i] != 0.0) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | 1u << i % 8);
}

void keep_packed(double* x, std::size_t n, const std::uint8_t* bits, double factor) {
  for (std::size_t i = 0; i < n; ++i) {
    const bool kept = (unsigned{bits[i / 8]} >> i % 8 & 1u) != 0;
    x[i] = kept ? x[i] * factor : 0.0;
  }
}

void random_fill(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = random_bits(key, first + i);
}

void random_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double keep_probability) {
  for (std::size_t i = 0; i < n; ++i)
    if (!(static_cast<double>(random_bits(key, first + i)) * 0x1p-32 < keep_probability)) x[i] = 0.0;
}

void rank_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double density, double epsilon,
               RankScratch& /*scratch*/) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [x](std::size_t a, std::size_t b) { return key_of(x[a]) < key_of(x[b]); });
  const RankRule rule(density, epsilon, n);
  for (std::size_t rank = 0; rank < n; ++rank) {
    const std::size_t i = order[rank];
    if (!rule.keeps(random_bits(key, first + i), rank)) x[i] = 0.0;
  }
}

}  // namespace wootz::kernels::reference
