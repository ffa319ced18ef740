#include "wootz/linalg/singular.h"

#include <algorithm>
#include <cmath>

#include "wootz/core/check.h"
#include "wootz/linalg/eigen.h"
#include "wootz/linalg/products.h"

namespace wootz {
namespace {

constexpr double kLeastShare = 1e-7;

/// Divides the rows, M times the known vectors, by the values, or sets them to 0.
void normalize_rows(Matrix<float> found, Matrix<float> known, std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool counts = values[i] > 0.0F;
    const float factor = counts ? 1.0F / values[i] : 0.0F;
    for (std::size_t j = 0; j < found.columns; ++j) found.row(i)[j] *= factor;
    if (!counts) std::fill_n(known.row(i), known.columns, 0.0F);
  }
}

}  // namespace

// From the eigenvectors of the small Gram matrix, in double: what squaring loses is below float32 then.
Result<SingularTriplets> leading_singular(Matrix<const float> m, std::size_t count, Team& team) {
  WOOTZ_CHECK(count <= std::min(m.rows, m.columns));
  const Side side = small_side(m);
  WOOTZ_TRY(OwnedMatrix<double> gram, gram_matrix<double>(m, side, team));
  WOOTZ_TRY(const SymmetricEigen<double> eigen,
            leading_eigen<double>(std::move(gram), [&](std::span<const double>) { return count; }));
  SingularTriplets triplets{OwnedMatrix<float>(count, m.rows), std::vector<float>(count),
                            OwnedMatrix<float>(count, m.columns)};
  const double largest = count == 0 ? 0.0 : std::sqrt(std::max(0.0, eigen.values[0]));
  for (std::size_t i = 0; i < count; ++i) {
    const double value = std::sqrt(std::max(0.0, eigen.values[i]));
    triplets.values[i] = value > kLeastShare * largest ? static_cast<float>(value) : 0.0F;
  }
  const Matrix<float> known = side == Side::kRows ? triplets.left.view() : triplets.right.view();
  const Matrix<float> found = side == Side::kRows ? triplets.right.view() : triplets.left.view();
  std::copy_n(eigen.vectors.data(), eigen.vectors.size(), known.data);
  // l_i M for the right ones, M r_i for the left ones; as rows.
  const Operand<float> other{m, side == Side::kColumns};
  WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(known), other, 0.0F, found, team));
  normalize_rows(found, known, triplets.values);
  return triplets;
}

TeamMemory leading_singular_memory(std::size_t rows, std::size_t columns, std::size_t count) {
  const std::size_t small = std::min(rows, columns);
  const TeamMemory eigen = beside(small * small * sizeof(double), leading_eigen_memory(small, count, sizeof(double)));
  const std::uint64_t result = count * (rows + columns + 1) * sizeof(float);
  return most(gram_memory(small, sizeof(double)),
              most(eigen, beside(result + count * small * sizeof(double), multiply_memory())));
}

}  // namespace wootz
