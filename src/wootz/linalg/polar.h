// The polar factor: the nearest matrix with orthonormal rows or columns.
#pragma once

#include "wootz/linalg/matrix.h"
#include "wootz/linalg/team.h"

namespace wootz {

struct PolarFactor {
  double nuclear_norm = 0.0;  ///< the sum of all singular values
  std::size_t rank = 0;       ///< of those that count
};

/// Overwrites M = U S V^T with U V^T, of the singular values that are more than 1e-6 of the largest; directions below
/// are noise to float32, and become 0. A matrix of zeros stays. Fails (kFailed) where M holds NaN or infinity.
Result<PolarFactor> polar_factor(Matrix<float> m, Team& team);
TeamMemory polar_factor_memory(std::size_t rows, std::size_t columns);

/// The symmetric matrix on the small side that makes M its polar factor: (M^T M)^(-1/2), or (M M^T)^(-1/2) where M has
/// fewer rows than columns. Of the same singular values. In double: rounded to float32 it would be off by as many
/// roundings as the condition number.
struct PolarMap {
  OwnedMatrix<double> map;
  PolarFactor factor;
};
Result<PolarMap> polar_map(Matrix<const float> m, Team& team);
TeamMemory polar_map_memory(std::size_t rows, std::size_t columns);

}  // namespace wootz
