// Singular values and vectors.
#pragma once

#include <vector>

#include "wootz/linalg/matrix.h"
#include "wootz/linalg/team.h"

namespace wootz {

/// The leading part of M = sum_i values[i] l_i r_i^T, l_i the rows of `left`, r_i those of `right`.
struct SingularTriplets {
  OwnedMatrix<float> left;    ///< [k, rows]
  std::vector<float> values;  ///< [k], descending
  OwnedMatrix<float> right;   ///< [k, columns]
};

/// The `count` largest. Where a singular value is 0, or so small beside the largest that float32 knows nothing of its
/// vectors (less than 1e-7 of it), value and vectors are 0. Requires: count <= min(rows, columns). Fails (kFailed)
/// where the matrix holds NaN or infinity.
Result<SingularTriplets> leading_singular(Matrix<const float> m, std::size_t count, Team& team);
TeamMemory leading_singular_memory(std::size_t rows, std::size_t columns, std::size_t count);

}  // namespace wootz
