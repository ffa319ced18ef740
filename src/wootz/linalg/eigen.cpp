#include "wootz/linalg/eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "wootz/core/check.h"
#include "wootz/linalg/blas.h"

namespace wootz {
namespace {

using blas::Int;

// The blocks in which LAPACK makes a matrix tridiagonal.
constexpr std::size_t kBlock = 64;

template <typename T>
Result<> check_finite(const OwnedMatrix<T>& matrix) {
  for (std::size_t i = 0; i < matrix.rows(); ++i)
    for (std::size_t j = 0; j <= i; ++j)
      if (!std::isfinite(matrix.view().row(i)[j]))
        return fail(ErrorKind::kFailed,
                    "a matrix holds NaN or infinity, and has no eigenvalues; look for damaged or "
                    "overflowed weights with 'wootz inspect'");
  return {};
}

tl::unexpected<Error> not_converged(Int info) {
  return fail(ErrorKind::kFailed,
              "the eigenvalues of a matrix were not found (LAPACK's code {}); please report it with the models' names",
              info);
}

/// What LAPACK numbers from the smallest, numbered from the largest.
template <typename T>
void turn_round(SymmetricEigen<T>& eigen) {
  std::reverse(eigen.values.begin(), eigen.values.end());
  const Matrix<T> vectors = eigen.vectors.view();
  for (std::size_t i = 0; i < vectors.rows / 2; ++i)
    std::swap_ranges(vectors.row(i), vectors.row(i) + vectors.columns, vectors.row(vectors.rows - 1 - i));
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    T* const row = vectors.row(i);
    const T* const largest =
        std::max_element(row, row + vectors.columns, [](T a, T b) { return std::abs(a) < std::abs(b); });
    if (*largest < 0) std::transform(row, row + vectors.columns, row, std::negate<>());
  }
}

}  // namespace

template <typename T>
Result<SymmetricEigen<T>> symmetric_eigen(OwnedMatrix<T> matrix) {
  WOOTZ_CHECK(matrix.rows() == matrix.columns());
  WOOTZ_RETURN_IF_ERROR(blas::check());
  WOOTZ_RETURN_IF_ERROR(check_finite(matrix));
  const std::size_t n = matrix.rows();
  SymmetricEigen<T> eigen{std::vector<T>(n), {}};
  if (n == 0) return eigen;
  // LAPACK counts the work space in 32 bits.
  if (n > 30'000) return fail(ErrorKind::kFailed, "a matrix of {} rows is too large for its eigenvectors", n);
  std::vector<T> work(1 + 6 * n + 2 * n * n);
  std::vector<Int> int_work(3 + 5 * n);
  const auto size = static_cast<Int>(n), work_size = static_cast<Int>(work.size()),
             int_work_size = static_cast<Int>(int_work.size());
  Int info = 0;
  // By column the lower half is the upper one, and the vectors, in columns, are rows.
  blas::Routines<T>::syevd("V", "U", &size, matrix.data(), &size, eigen.values.data(), work.data(), &work_size,
                           int_work.data(), &int_work_size, &info);
  if (info != 0) return not_converged(info);
  eigen.vectors = std::move(matrix);
  turn_round(eigen);
  return eigen;
}
template Result<SymmetricEigen<float>> symmetric_eigen(OwnedMatrix<float>);
template Result<SymmetricEigen<double>> symmetric_eigen(OwnedMatrix<double>);

TeamMemory symmetric_eigen_memory(std::size_t size, std::size_t item_bytes) {
  return {(2 * size * size + 16 * size) * item_bytes, blas::thread_memory(size)};
}

namespace {

/// A matrix made tridiagonal in place: the diagonals, and what turns their vectors into the matrix's.
template <typename T>
struct Tridiagonal {
  std::vector<T> diagonal;
  std::vector<T> beside;
  std::vector<T> reflectors;
};

template <typename T>
Tridiagonal<T> make_tridiagonal(OwnedMatrix<T>& matrix) {
  const std::size_t n = matrix.rows();
  Tridiagonal<T> made{std::vector<T>(n), std::vector<T>(n), std::vector<T>(n)};
  std::vector<T> work(kBlock * n);
  const auto size = static_cast<Int>(n), work_size = static_cast<Int>(work.size());
  Int info = 0;
  blas::Routines<T>::sytrd("U", &size, matrix.data(), &size, made.diagonal.data(), made.beside.data(),
                           made.reflectors.data(), work.data(), &work_size, &info);
  WOOTZ_CHECK(info == 0);
  return made;
}

template <typename T>
Result<std::vector<T>> values_of(const Tridiagonal<T>& tridiagonal) {
  std::vector<T> values = tridiagonal.diagonal;
  std::vector<T> beside = tridiagonal.beside;
  const auto size = static_cast<Int>(values.size());
  Int info = 0;
  blas::Routines<T>::sterf(&size, values.data(), beside.data(), &info);
  if (info != 0) return not_converged(info);
  return values;
}

/// The last `count` vectors of the tridiagonal matrix, in the order of their values.
template <typename T>
Result<OwnedMatrix<T>> vectors_of(Tridiagonal<T> tridiagonal, std::size_t count) {
  const std::size_t n = tridiagonal.diagonal.size();
  OwnedMatrix<T> vectors(count, n);
  std::vector<T> values(n), work(18 * n);
  std::vector<Int> int_work(10 * n), support(2 * count);
  const auto size = static_cast<Int>(n), work_size = static_cast<Int>(work.size()),
             int_work_size = static_cast<Int>(int_work.size()), first = static_cast<Int>(n - count + 1),
             wanted = static_cast<Int>(count);
  const T none = 0;
  Int found = 0, info = 0, accurate = 1;
  blas::Routines<T>::stemr("V", "I", &size, tridiagonal.diagonal.data(), tridiagonal.beside.data(), &none, &none,
                           &first, &size, &found, values.data(), vectors.data(), &size, &wanted, support.data(),
                           &accurate, work.data(), &work_size, int_work.data(), &int_work_size, &info);
  if (info != 0 || found != wanted) return not_converged(info);
  return vectors;
}

}  // namespace

template <typename T>
Result<SymmetricEigen<T>> leading_eigen(OwnedMatrix<T> matrix, const CountVectors<T>& count) {
  WOOTZ_CHECK(matrix.rows() == matrix.columns());
  WOOTZ_RETURN_IF_ERROR(blas::check());
  WOOTZ_RETURN_IF_ERROR(check_finite(matrix));
  if (matrix.rows() == 0) return SymmetricEigen<T>();
  Tridiagonal<T> tridiagonal = make_tridiagonal(matrix);
  WOOTZ_TRY(std::vector<T> ascending, values_of(tridiagonal));
  const std::vector<T> descending(ascending.rbegin(), ascending.rend());
  const std::size_t wanted = std::min(count(descending), matrix.rows());
  SymmetricEigen<T> eigen{std::move(ascending), {}};
  if (wanted > 0) {
    const std::vector<T> reflectors = tridiagonal.reflectors;
    WOOTZ_TRY(eigen.vectors, vectors_of(std::move(tridiagonal), wanted));
    std::vector<T> work(kBlock * std::max(wanted, matrix.rows()));
    const auto size = static_cast<Int>(matrix.rows()), columns = static_cast<Int>(wanted),
               work_size = static_cast<Int>(work.size());
    Int info = 0;
    blas::Routines<T>::ormtr("L", "U", "N", &size, &columns, matrix.data(), &size, reflectors.data(),
                             eigen.vectors.data(), &size, work.data(), &work_size, &info);
    WOOTZ_CHECK(info == 0);
  }
  turn_round(eigen);
  return eigen;
}
template Result<SymmetricEigen<float>> leading_eigen(OwnedMatrix<float>, const CountVectors<float>&);
template Result<SymmetricEigen<double>> leading_eigen(OwnedMatrix<double>, const CountVectors<double>&);

TeamMemory leading_eigen_memory(std::size_t size, std::size_t count, std::size_t item_bytes) {
  return {(count * size + (kBlock + 40) * size) * item_bytes, blas::thread_memory(size)};
}

}  // namespace wootz
