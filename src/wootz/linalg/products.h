// Products of matrices. They are cut into tiles that depend on the shapes alone, so that the bytes are the same for any
// number of threads.
#pragma once

#include <span>

#include "wootz/linalg/matrix.h"
#include "wootz/linalg/team.h"

namespace wootz {

/// A matrix as it is, or its transpose.
template <typename T>
struct Operand {
  Matrix<const T> matrix;
  bool turned = false;

  std::size_t rows() const { return turned ? matrix.columns : matrix.rows; }
  std::size_t columns() const { return turned ? matrix.rows : matrix.columns; }
};
template <typename T>
Operand<std::remove_const_t<T>> plain(Matrix<T> matrix) {
  return {matrix, false};
}
template <typename T>
Operand<std::remove_const_t<T>> transposed(Matrix<T> matrix) {
  return {matrix, true};
}

/// c = a b + beta c. T: float, double. `c` overlaps neither.
template <typename T>
Result<> multiply(Operand<T> a, Operand<T> b, T beta, Matrix<T> c, Team& team);

/// Which products of rows or columns a Gram matrix holds.
enum class Side {
  kRows,     ///< M M^T
  kColumns,  ///< M^T M
};
/// The side on which a matrix of this shape has the smaller Gram matrix.
template <typename T>
Side small_side(Matrix<T> m) {
  return m.rows < m.columns ? Side::kRows : Side::kColumns;
}

/// out = M M^T + beta out, or M^T M + beta out, computed and added up in T: float, double. out: symmetric.
template <typename T>
Result<> add_gram(Matrix<const float> m, Side side, T beta, Matrix<T> out, Team& team);
/// The same as a new matrix.
template <typename T>
Result<OwnedMatrix<T>> gram_matrix(Matrix<const float> m, Side side, Team& team);

/// m = map m (kRows) or m map (kColumns), in place, computed in double. map: square.
Result<> multiply_in_place(Matrix<float> m, Side side, Matrix<const double> map, Team& team);

/// m *= factor
void scale(Matrix<float> m, double factor);
/// Row i *= factors[i]
void scale_rows(Matrix<float> m, std::span<const float> factors);
/// to += from; of one shape
void add(Matrix<const float> from, Matrix<float> to);
/// to = from; of one shape
void copy(Matrix<const float> from, Matrix<float> to);
/// The sum of the squares of all elements.
double square_norm(Matrix<const float> m);

TeamMemory multiply_memory();
TeamMemory gram_memory(std::size_t size, std::size_t item_bytes);  ///< of a new matrix
TeamMemory add_gram_memory();
TeamMemory multiply_in_place_memory(std::size_t size);

}  // namespace wootz
