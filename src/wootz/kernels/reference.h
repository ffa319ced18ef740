// The scalar twins of kernels.h: slow, obvious, and the definition of every bit the SIMD bodies must produce. They
// also run the tails of those bodies and stand in on machines without a known vector unit.
//
// Where kernels.h leaves a case open, this is the rule: a sum over lanes starts from its first term (so that -0 stays
// -0), a null base adds nothing, and a NaN sum elects the negative sign.
#pragma once

#include "wootz/kernels/kernels.h"

namespace wootz::kernels::reference {

void load(Dtype dtype, const std::byte* stored, std::size_t n, double* out);
void store(Dtype dtype, const double* values, std::size_t n, std::byte* stored);
void load_difference(Dtype dtype, const std::byte* stored, const double* base, std::size_t n, double* out);

void add(double* x, const double* y, std::size_t n);
void subtract(double* x, const double* y, std::size_t n);
void scale(double* x, double factor, std::size_t n);
void weighted_sum(const double* base, double factor, std::span<const double* const> x, std::span<const double> weights,
                  double* out, std::size_t n);
void consensus(const Consensus& options, const double* base, std::span<const double* const> x,
               std::span<const double> weights, double* out, std::size_t n);
void elect_sign(std::span<double* const> x, double zero_sign, std::size_t n);
void variance(std::span<const double* const> x, double* out, std::size_t n);

void add_absolute(const double* x, std::size_t n, Sum& sum);
std::uint64_t add_gram(std::span<const double* const> x, std::size_t n, std::span<Sum> gram);

std::uint64_t count_nonfinite(const double* x, std::size_t n);
std::uint64_t count_nonzero(const double* x, std::size_t n);
std::int64_t sign_balance(std::span<const double* const> x, std::size_t n);

void magnitude_keys(const double* x, std::size_t n, MagnitudeKey* keys);
void count_range(const double* x, std::size_t n, MagnitudeKey low, MagnitudeKey high, RangeCount& counts,
                 std::vector<MagnitudeKey>& inside);
std::uint64_t count_key(const double* x, std::size_t n, MagnitudeKey key);
void keep_window(double* x, std::size_t n, Window& window);
void keep_window_by_score(std::span<double* const> x, const double* score, std::size_t n, Window& window);

void pack_nonzero(const double* x, std::size_t n, std::uint8_t* bits);
void keep_packed(double* x, std::size_t n, const std::uint8_t* bits, double factor);

void random_fill(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out);
void random_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double keep_probability);
void rank_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double density, double epsilon,
               RankScratch& scratch);

}  // namespace wootz::kernels::reference
