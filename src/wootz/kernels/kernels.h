// The arithmetic inner loops, on blocks of doubles. Every kernel has a scalar twin in reference.h and gives the same
// bits on every instruction set: no fused multiply-add, and sums run over kSumLanes virtual lanes in a fixed order.
// Arrays need no alignment and no padding. Environment WOOTZ_FORCE_ISA (scalar, ssse3, sse4, avx2, avx3, avx3_dl)
// restricts the choice made at the first call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wootz/core/dtype.h"
#include "wootz/core/rng.h"

namespace wootz::kernels {

/// The instruction set in use ("AVX2").
std::string_view isa_name();

// --- Storage -------------------------------------------------------------------------------------------------------

/// Widens n stored elements (a mergeable dtype, little-endian, any alignment). Exact.
void load(Dtype dtype, const std::byte* stored, std::size_t n, double* out);

/// Rounds to the dtype, nearest-even, once; overflow gives infinity.
void store(Dtype dtype, const double* values, std::size_t n, std::byte* stored);

/// load(), minus base: a task vector. One rounding (to double).
void load_difference(Dtype dtype, const std::byte* stored, const double* base, std::size_t n, double* out);

// --- Elementwise ---------------------------------------------------------------------------------------------------

void add(double* x, const double* y, std::size_t n);       ///< x += y
void subtract(double* x, const double* y, std::size_t n);  ///< x -= y
void scale(double* x, double factor, std::size_t n);       ///< x *= factor

/// out = base + factor * sum_k weights[k] * x[k], products summed in order of k; base may be null (then 0).
/// out may be one of the inputs.
void weighted_sum(const double* base, double factor, std::span<const double* const> x, std::span<const double> weights,
                  double* out, std::size_t n);

/// Which values vote in a sign election.
enum class Vote { kWeighted, kPlain };

/// Merges by elected sign (TIES): s = +1 if the sum of the votes >= 0, else -1, where the votes are weights[k]*x[k]
/// or x[k]; kept are the nonzero votes of that sign; mixed = sum of weights[k]*x[k] over the kept. With `normalize`
/// mixed is divided by the sum of weights over the kept (by `floor` when that is smaller in magnitude; by 1 when
/// floor is 0 and the sum is exactly 0). out = base + factor * mixed. NaN votes are never kept.
struct Consensus {
  Vote vote = Vote::kWeighted;
  bool normalize = false;
  double floor = 0.0;
  double factor = 1.0;
};
void consensus(const Consensus& options, const double* base, std::span<const double* const> x,
               std::span<const double> weights, double* out, std::size_t n);

/// Elects a sign by the sum over x[k] and zeroes in place the entries of the other sign (each lane kept apart, as
/// AdaMerging++ wants). An exactly zero sum counts as `zero_sign` (+1 or -1).
void elect_sign(std::span<double* const> x, double zero_sign, std::size_t n);

/// out = population variance over the lanes at each position: mean of squared distances from the mean.
void variance(std::span<const double* const> x, double* out, std::size_t n);

// --- Sums ----------------------------------------------------------------------------------------------------------

/// A running sum with a fixed order: element i of a call goes to lane i % kSumLanes.
inline constexpr std::size_t kSumLanes = 8;
struct Sum {
  std::array<double, kSumLanes> lanes{};
  /// ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7))
  double total() const {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
};

/// sum += |x|
void add_absolute(const double* x, std::size_t n, Sum& sum);

/// All inner products of K lanes: gram[index(i, j)] += x[i] * x[j] for i <= j, rows first:
/// (0,0) (0,1) .. (0,K-1) (1,1) .. ; gram has K(K+1)/2 entries. Returns the sign conflicts, which fall out on the way:
/// positions where a lane is > 0 and another < 0 (up to four lanes: where the product of two is below zero, so values
/// whose product underflows do not count).
std::uint64_t add_gram(std::span<const double* const> x, std::size_t n, std::span<Sum> gram);

// --- Counts --------------------------------------------------------------------------------------------------------

std::uint64_t count_nonfinite(const double* x, std::size_t n);
std::uint64_t count_nonzero(const double* x, std::size_t n);

/// Positions with a positive sum over the lanes, minus positions with a negative one.
std::int64_t sign_balance(std::span<const double* const> x, std::size_t n);

// --- Order by magnitude --------------------------------------------------------------------------------------------

/// The order of magnitudes: the bits of |x| rounded to float32. Equal keys are ordered by index, lower first.
using MagnitudeKey = std::uint32_t;
inline constexpr MagnitudeKey kMaxKey = 0x7fffffff;

void magnitude_keys(const double* x, std::size_t n, MagnitudeKey* keys);

/// One pass over values against a key range [low, high], low <= high.
struct RangeCount {
  std::uint64_t above = 0;    ///< key > high
  std::uint64_t at_high = 0;  ///< key == high
  std::uint64_t at_low = 0;   ///< key == low (0 when low == high: counted at_high)
};
/// Adds to the counts and appends keys strictly inside (low, high), in order, to `inside`.
void count_range(const double* x, std::size_t n, MagnitudeKey low, MagnitudeKey high, RangeCount& counts,
                 std::vector<MagnitudeKey>& inside);

std::uint64_t count_key(const double* x, std::size_t n, MagnitudeKey key);

/// Keeps a window of the descending order, zeroing the rest: of the values whose key equals `high` the first
/// `drop_high` are zeroed, larger ones all; of those equal to `low` the first `keep_low` are kept, smaller ones none.
/// When low == high: the first drop_high are zeroed, the next keep_low kept, the rest zeroed.
/// The counters are decremented as they are used, so that consecutive calls continue.
struct Window {
  MagnitudeKey high = kMaxKey;
  std::uint64_t drop_high = 0;
  MagnitudeKey low = 0;
  std::uint64_t keep_low = 0;
};
void keep_window(double* x, std::size_t n, Window& window);

/// Zeroes the positions of x whose `score` lies outside the window (same rule, on score's keys), in every lane.
void keep_window_by_score(std::span<double* const> x, const double* score, std::size_t n, Window& window);

/// Bit i % 8 of bits[i / 8] tells whether x[i] != 0 (NaN is). Writes (n + 7) / 8 bytes.
void pack_nonzero(const double* x, std::size_t n, std::uint8_t* bits);

/// x *= factor where the bit is set, 0 elsewhere.
void keep_packed(double* x, std::size_t n, const std::uint8_t* bits, double factor);

// --- Random dropping -----------------------------------------------------------------------------------------------

/// The random bits (core/rng.h) of elements first .. first+n-1.
void random_fill(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out);

/// DARE: keeps element first+i when random_bits * 2^-32 < keep_probability, else zeroes it.
void random_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double keep_probability);

/// Scratch of rank_keep, reused between calls.
struct RankScratch {
  std::vector<std::uint32_t> words;
  std::vector<std::uint16_t> slots;
};
/// DELLA on one row: rank r = 0 .. n-1 in ascending magnitude order (equal keys by index), keep probability
/// (density - epsilon) + 2 * epsilon * r / (n - 1) (r/(n-1) taken as 0 when n == 1); keeps element first+i when
/// random_bits * 2^-32 < that.
void rank_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double density, double epsilon,
               RankScratch& scratch);

}  // namespace wootz::kernels
