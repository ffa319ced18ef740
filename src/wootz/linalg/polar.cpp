#include "wootz/linalg/polar.h"

#include <algorithm>
#include <cmath>

#include "wootz/linalg/eigen.h"
#include "wootz/linalg/products.h"

namespace wootz {
namespace {

constexpr double kLeastShare = 1e-6;

/// sum_i v_i v_i^T / s_i over the values that count.
Result<PolarMap> map_of(const SymmetricEigen<double>& eigen, Team& team) {
  const std::size_t n = eigen.values.size();
  const double largest = n == 0 ? 0.0 : std::sqrt(std::max(0.0, eigen.values[0]));
  PolarMap found{OwnedMatrix<double>(n, n), {}};
  OwnedMatrix<double> scaled(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    const double value = std::sqrt(std::max(0.0, eigen.values[i]));
    found.factor.nuclear_norm += value;
    const bool counts = value > kLeastShare * largest;
    if (counts) ++found.factor.rank;
    const double factor = counts ? 1.0 / value : 0.0;
    const double* const vector = eigen.vectors.view().row(i);
    std::transform(vector, vector + n, scaled.view().row(i), [&](double x) { return x * factor; });
  }
  WOOTZ_RETURN_IF_ERROR(
      multiply<double>(transposed(eigen.vectors.view()), plain(scaled.view()), 0.0, found.map.view(), team));
  return found;
}

}  // namespace

Result<PolarMap> polar_map(Matrix<const float> m, Team& team) {
  WOOTZ_TRY(OwnedMatrix<double> gram, gram_matrix<double>(m, small_side(m), team));
  WOOTZ_TRY(const SymmetricEigen<double> eigen, symmetric_eigen(std::move(gram)));
  return map_of(eigen, team);
}

Result<PolarFactor> polar_factor(Matrix<float> m, Team& team) {
  WOOTZ_TRY(const PolarMap found, polar_map(m, team));
  WOOTZ_RETURN_IF_ERROR(multiply_in_place(m, small_side(m), found.map.view(), team));
  return found.factor;
}

TeamMemory polar_map_memory(std::size_t rows, std::size_t columns) {
  const std::size_t n = std::min(rows, columns);
  const std::uint64_t matrix = n * n * sizeof(double);
  return most(gram_memory(n, sizeof(double)),
              most(beside(matrix, symmetric_eigen_memory(n, sizeof(double))), {3 * matrix, 0}));
}

TeamMemory polar_factor_memory(std::size_t rows, std::size_t columns) {
  const std::size_t n = std::min(rows, columns);
  return most(polar_map_memory(rows, columns), beside(n * n * sizeof(double), multiply_in_place_memory(n)));
}

}  // namespace wootz
