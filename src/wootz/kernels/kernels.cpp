#include "wootz/kernels/kernels.h"

#include <cstdlib>

#include "wootz/kernels/table.h"

namespace wootz::kernels {
namespace {

const KernelTable& active() {
  static const KernelTable table = [] {
    const char* wanted = std::getenv("WOOTZ_FORCE_ISA");
    return choose_table(supported_tables(), wanted != nullptr ? wanted : "");
  }();
  return table;
}

}  // namespace

std::string_view isa_name() { return active().isa; }

void load(Dtype dtype, const std::byte* stored, std::size_t n, double* out) { active().load(dtype, stored, n, out); }

void store(Dtype dtype, const double* values, std::size_t n, std::byte* stored) {
  active().store(dtype, values, n, stored);
}

void load_difference(Dtype dtype, const std::byte* stored, const double* base, std::size_t n, double* out) {
  active().load_difference(dtype, stored, base, n, out);
}

void add(double* x, const double* y, std::size_t n) { active().add(x, y, n); }

void subtract(double* x, const double* y, std::size_t n) { active().subtract(x, y, n); }

void scale(double* x, double factor, std::size_t n) { active().scale(x, factor, n); }

void weighted_sum(const double* base, double factor, std::span<const double* const> x, std::span<const double> weights,
                  double* out, std::size_t n) {
  active().weighted_sum(base, factor, x, weights, out, n);
}

void consensus(const Consensus& options, const double* base, std::span<const double* const> x,
               std::span<const double> weights, double* out, std::size_t n) {
  active().consensus(options, base, x, weights, out, n);
}

void elect_sign(std::span<double* const> x, double zero_sign, std::size_t n) { active().elect_sign(x, zero_sign, n); }

void variance(std::span<const double* const> x, double* out, std::size_t n) { active().variance(x, out, n); }

void add_absolute(const double* x, std::size_t n, Sum& sum) { active().add_absolute(x, n, sum); }

std::uint64_t add_gram(std::span<const double* const> x, std::size_t n, std::span<Sum> gram) {
  return active().add_gram(x, n, gram);
}

std::uint64_t count_nonfinite(const double* x, std::size_t n) { return active().count_nonfinite(x, n); }

std::uint64_t count_nonzero(const double* x, std::size_t n) { return active().count_nonzero(x, n); }

std::int64_t sign_balance(std::span<const double* const> x, std::size_t n) { return active().sign_balance(x, n); }

void magnitude_keys(const double* x, std::size_t n, MagnitudeKey* keys) { active().magnitude_keys(x, n, keys); }

void count_range(const double* x, std::size_t n, MagnitudeKey low, MagnitudeKey high, RangeCount& counts,
                 std::vector<MagnitudeKey>& inside) {
  active().count_range(x, n, low, high, counts, inside);
}

std::uint64_t count_key(const double* x, std::size_t n, MagnitudeKey key) { return active().count_key(x, n, key); }

void keep_window(double* x, std::size_t n, Window& window) { active().keep_window(x, n, window); }

void keep_window_by_score(std::span<double* const> x, const double* score, std::size_t n, Window& window) {
  active().keep_window_by_score(x, score, n, window);
}

void pack_nonzero(const double* x, std::size_t n, std::uint8_t* bits) { active().pack_nonzero(x, n, bits); }

void keep_packed(double* x, std::size_t n, const std::uint8_t* bits, double factor) {
  active().keep_packed(x, n, bits, factor);
}

void random_fill(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out) {
  active().random_fill(key, first, n, out);
}

void random_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double keep_probability) {
  active().random_keep(x, n, key, first, keep_probability);
}

void rank_keep(double* x, std::size_t n, RngKey key, std::uint64_t first, double density, double epsilon,
               RankScratch& scratch) {
  active().rank_keep(x, n, key, first, density, epsilon, scratch);
}

}  // namespace wootz::kernels
