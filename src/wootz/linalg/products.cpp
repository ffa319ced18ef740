#include "wootz/linalg/products.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "wootz/core/check.h"
#include "wootz/linalg/blas.h"

namespace wootz {
namespace {

// Rows and columns of a tile: large enough for a product to run at full speed, small enough that a matrix of 768 gives
// work to several threads.
constexpr std::size_t kTile = 384;
// Rows of float32 that are widened to double at a time; two such strips stay in the second-level cache.
constexpr std::size_t kDepth = 256;

std::size_t tiles(std::size_t size) { return (size + kTile - 1) / kTile; }

struct Range {
  std::size_t first = 0;
  std::size_t size = 0;
};
Range tile(std::size_t number, std::size_t size) { return {number * kTile, std::min(kTile, size - number * kTile)}; }

/// c = a b + beta c, on this thread. A row-major matrix is its transpose by column, so the factors change places.
template <typename T>
void gemm(Operand<T> a, Operand<T> b, T beta, Matrix<T> c) {
  const auto m = static_cast<blas::Int>(c.columns), n = static_cast<blas::Int>(c.rows),
             k = static_cast<blas::Int>(a.columns());
  const auto lda = static_cast<blas::Int>(a.matrix.stride), ldb = static_cast<blas::Int>(b.matrix.stride),
             ldc = static_cast<blas::Int>(c.stride);
  const T one = 1;
  blas::Routines<T>::gemm(b.turned ? "T" : "N", a.turned ? "T" : "N", &m, &n, &k, &one, b.matrix.data, &ldb,
                          a.matrix.data, &lda, &beta, c.data, &ldc);
}

/// Rows [range) of an operand, or columns.
template <typename T>
Operand<T> rows_of(Operand<T> a, Range range) {
  if (a.turned) return {a.matrix.part(0, a.matrix.rows, range.first, range.size), true};
  return {a.matrix.rows_at(range.first, range.size), false};
}
template <typename T>
Operand<T> columns_of(Operand<T> a, Range range) {
  const Operand<T> turned = rows_of(Operand<T>{a.matrix, !a.turned}, range);
  return {turned.matrix, !turned.turned};
}

/// A tile of a Gram matrix: the products of the vectors `i` with the vectors `j`, rows or columns of m.
void gram_tile(Matrix<const float> m, Side side, Range i, Range j, float beta, Matrix<float> out) {
  const Operand<float> vectors{m, side == Side::kColumns};  // vectors as rows
  const Operand<float> others = rows_of(vectors, j);
  gemm<float>(rows_of(vectors, i), {others.matrix, !others.turned}, beta, out);
}

void widen(Matrix<const float> from, std::vector<double>& to) {
  to.resize(from.rows * from.columns);
  for (std::size_t row = 0; row < from.rows; ++row)
    std::copy_n(from.row(row), from.columns, to.data() + row * from.columns);
}

void gram_tile(Matrix<const float> m, Side side, Range i, Range j, double beta, Matrix<double> out) {
  std::vector<double> left, right;
  const std::size_t depth = side == Side::kRows ? m.columns : m.rows;
  for (std::size_t at = 0; at < depth; at += kDepth) {
    const std::size_t n = std::min(kDepth, depth - at);
    const auto strip = [&](Range range) {
      return side == Side::kRows ? m.part(range.first, range.size, at, n) : m.part(at, n, range.first, range.size);
    };
    widen(strip(i), left);
    widen(strip(j), right);
    const Matrix<const double> a(left.data(), strip(i).rows, strip(i).columns);
    const Matrix<const double> b(right.data(), strip(j).rows, strip(j).columns);
    const bool rows = side == Side::kRows;
    gemm<double>({a, !rows}, {b, rows}, at == 0 ? beta : 1.0, out);
  }
}

template <typename T>
void mirror(Matrix<T> m, Range rows, Range columns) {
  for (std::size_t i = rows.first; i < rows.first + rows.size; ++i)
    for (std::size_t j = columns.first; j < std::min(i, columns.first + columns.size); ++j) m.row(j)[i] = m.row(i)[j];
}

}  // namespace

template <typename T>
Result<> multiply(Operand<T> a, Operand<T> b, T beta, Matrix<T> c, Team& team) {
  WOOTZ_CHECK(a.rows() == c.rows && b.columns() == c.columns && a.columns() == b.rows());
  WOOTZ_RETURN_IF_ERROR(blas::check());
  if (c.rows == 0 || c.columns == 0) return {};
  const std::size_t across = tiles(c.columns);
  return team.for_each(tiles(c.rows) * across, [&](std::size_t number) -> Result<> {
    const Range rows = tile(number / across, c.rows);
    const Range columns = tile(number % across, c.columns);
    gemm(rows_of(a, rows), columns_of(b, columns), beta, c.part(rows.first, rows.size, columns.first, columns.size));
    return {};
  });
}
template Result<> multiply(Operand<float>, Operand<float>, float, Matrix<float>, Team&);
template Result<> multiply(Operand<double>, Operand<double>, double, Matrix<double>, Team&);

template <typename T>
Result<> add_gram(Matrix<const float> m, Side side, T beta, Matrix<T> out, Team& team) {
  WOOTZ_RETURN_IF_ERROR(blas::check());
  WOOTZ_CHECK(out.rows == (side == Side::kRows ? m.rows : m.columns) && out.rows == out.columns);
  const std::size_t across = tiles(out.rows);
  // Tiles on and below the diagonal.
  return team.for_each(across * (across + 1) / 2, [&](std::size_t number) -> Result<> {
    std::size_t row = 0;
    while (number > row) number -= ++row;
    const Range i = tile(row, out.rows);
    const Range j = tile(number, out.rows);
    gram_tile(m, side, i, j, beta, out.part(i.first, i.size, j.first, j.size));
    mirror(out, i, j);
    return {};
  });
}
template Result<> add_gram(Matrix<const float>, Side, float, Matrix<float>, Team&);
template Result<> add_gram(Matrix<const float>, Side, double, Matrix<double>, Team&);

template <typename T>
Result<OwnedMatrix<T>> gram_matrix(Matrix<const float> m, Side side, Team& team) {
  const std::size_t size = side == Side::kRows ? m.rows : m.columns;
  OwnedMatrix<T> gram(size, size);
  WOOTZ_RETURN_IF_ERROR(add_gram(m, side, T{0}, gram.view(), team));
  return gram;
}
template Result<OwnedMatrix<float>> gram_matrix(Matrix<const float>, Side, Team&);
template Result<OwnedMatrix<double>> gram_matrix(Matrix<const float>, Side, Team&);

Result<> multiply_in_place(Matrix<float> m, Side side, Matrix<const double> map, Team& team) {
  WOOTZ_RETURN_IF_ERROR(blas::check());
  const bool rows = side == Side::kRows;
  const std::size_t cut = rows ? m.columns : m.rows;
  return team.for_each(tiles(cut), [&](std::size_t number) -> Result<> {
    const Range range = tile(number, cut);
    const Matrix<float> strip = rows ? m.part(0, m.rows, range.first, range.size) : m.rows_at(range.first, range.size);
    std::vector<double> wide;
    widen(strip, wide);
    const Matrix<const double> from(wide.data(), strip.rows, strip.columns);
    OwnedMatrix<double> product(strip.rows, strip.columns);
    if (rows)
      gemm<double>(plain(map), plain(from), 0.0, product.view());
    else
      gemm<double>(plain(from), plain(map), 0.0, product.view());
    for (std::size_t i = 0; i < strip.rows; ++i)
      std::transform(product.view().row(i), product.view().row(i) + strip.columns, strip.row(i),
                     [](double x) { return static_cast<float>(x); });
    return {};
  });
}

void scale(Matrix<float> m, double factor) {
  for (std::size_t row = 0; row < m.rows; ++row)
    for (float& value : m.elements(row)) value = static_cast<float>(value * factor);
}

void scale_rows(Matrix<float> m, std::span<const float> factors) {
  WOOTZ_CHECK(factors.size() == m.rows);
  for (std::size_t row = 0; row < m.rows; ++row)
    for (float& value : m.elements(row)) value *= factors[row];
}

void add(Matrix<const float> from, Matrix<float> to) {
  WOOTZ_CHECK(from.rows == to.rows && from.columns == to.columns);
  for (std::size_t row = 0; row < to.rows; ++row)
    for (std::size_t column = 0; column < to.columns; ++column) to.row(row)[column] += from.row(row)[column];
}

void copy(Matrix<const float> from, Matrix<float> to) {
  WOOTZ_CHECK(from.rows == to.rows && from.columns == to.columns);
  for (std::size_t row = 0; row < to.rows; ++row) std::copy_n(from.row(row), to.columns, to.row(row));
}

double square_norm(Matrix<const float> m) {
  double total = 0.0;
  for (std::size_t row = 0; row < m.rows; ++row) {
    double sum = 0.0;
    for (const float value : m.elements(row)) sum += static_cast<double>(value) * static_cast<double>(value);
    total += sum;
  }
  return total;
}

TeamMemory multiply_memory() { return {0, blas::thread_memory(kTile)}; }

TeamMemory add_gram_memory() { return {0, 2 * kTile * kDepth * sizeof(double) + blas::thread_memory(kTile)}; }

TeamMemory gram_memory(std::size_t size, std::size_t item_bytes) {
  return beside(size * size * item_bytes, add_gram_memory());
}

// A strip is widened beside its product.
TeamMemory multiply_in_place_memory(std::size_t size) {
  return {0, 2 * kTile * size * sizeof(double) + blas::thread_memory(kTile)};
}

}  // namespace wootz
