// Eigenvalues and eigenvectors of symmetric matrices. One thread computes them; the team helps with products only.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "wootz/linalg/matrix.h"
#include "wootz/linalg/team.h"

namespace wootz {

/// matrix = sum_i values[i] v_i v_i^T, v_i the rows of `vectors`, of length 1. Of a vector and its negative, the one
/// whose largest entry is positive.
template <typename T>
struct SymmetricEigen {
  std::vector<T> values;   ///< descending: all of them
  OwnedMatrix<T> vectors;  ///< [k, n]: those of the first k values
};

/// All vectors. Overwrites the matrix [n, n], whose lower half counts. Fails (kFailed) where it holds NaN or infinity,
/// and where the iteration does not converge. T: float, double.
template <typename T>
Result<SymmetricEigen<T>> symmetric_eigen(OwnedMatrix<T> matrix);
TeamMemory symmetric_eigen_memory(std::size_t size, std::size_t item_bytes);  ///< beside the matrix

/// How many vectors are wanted, when the values are known.
template <typename T>
using CountVectors = std::function<std::size_t(std::span<const T> values)>;

/// The same for the leading vectors only, with little memory beside them.
template <typename T>
Result<SymmetricEigen<T>> leading_eigen(OwnedMatrix<T> matrix, const CountVectors<T>& count);
TeamMemory leading_eigen_memory(std::size_t size, std::size_t count, std::size_t item_bytes);  ///< beside the matrix

}  // namespace wootz
