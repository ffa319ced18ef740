// Linear algebra in float64 from its definitions, by Jacobi's rotations: slow, and independent of LAPACK.
#pragma once

#include <cstddef>

#include "oracle/oracle.h"

namespace wootz::oracle {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  Vector values;  ///< row by row

  Matrix(std::size_t row_count, std::size_t column_count) : Matrix(row_count, column_count, Vector()) {
    values.resize(rows * columns);
  }
  Matrix(std::size_t row_count, std::size_t column_count, Vector elements)
      : rows(row_count), columns(column_count), values(std::move(elements)) {}
  double& at(std::size_t i, std::size_t j) { return values[i * columns + j]; }
  double at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

Matrix transpose(const Matrix& a);
Matrix operator*(const Matrix& a, const Matrix& b);
Matrix operator*(double factor, const Matrix& a);
Matrix operator+(const Matrix& a, const Matrix& b);
Matrix operator-(const Matrix& a, const Matrix& b);
/// The Frobenius norm.
double norm(const Matrix& a);

/// a = sum_i values[i] left_i right_i^T: left [rows, r], right [columns, r], r = min(rows, columns), values descending.
/// Vectors of values that are 0 are 0.
struct Svd {
  Matrix left;
  Vector values;
  Matrix right;
};
Svd svd(const Matrix& a);

/// sum over the first `count` triplets of function(value) left_i right_i^T; none for a value below `least` of the
/// largest.
Matrix compose(const Svd& svd, std::size_t count, double least, double (*function)(double));
/// The polar factor: U V^T.
Matrix polar(const Matrix& a, double least = 1e-6);

/// a = V diag(values) V^T of a symmetric matrix; vectors are columns, values descending.
struct Eigen {
  Vector values;
  Matrix vectors;
};
Eigen symmetric_eigen(const Matrix& a);

}  // namespace wootz::oracle
