#include "oracle/linear_algebra.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace wootz::oracle {
namespace {

constexpr int kMostSweeps = 60;
constexpr double kDone = 1e-15;

// Rotates columns p and q of a matrix by an angle of cosine c and sine s.
void rotate_columns(Matrix& a, std::size_t p, std::size_t q, double c, double s) {
  for (std::size_t i = 0; i < a.rows; ++i) {
    const double x = a.at(i, p);
    const double y = a.at(i, q);
    a.at(i, p) = c * x - s * y;
    a.at(i, q) = s * x + c * y;
  }
}

struct Rotation {
  double c = 1.0;
  double s = 0.0;
};
// The rotation that makes [[app, apq], [apq, aqq]] diagonal.
Rotation rotation(double app, double apq, double aqq) {
  const double zeta = (aqq - app) / (2.0 * apq);
  const double t = (zeta >= 0.0 ? 1.0 : -1.0) / (std::abs(zeta) + std::hypot(1.0, zeta));
  const double c = 1.0 / std::hypot(1.0, t);
  return {c, c * t};
}

std::vector<std::size_t> descending(const Vector& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  return order;
}

Matrix columns_in_order(const Matrix& a, const std::vector<std::size_t>& order) {
  Matrix sorted(a.rows, order.size());
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < order.size(); ++j) sorted.at(i, j) = a.at(i, order[j]);
  return sorted;
}

// One-sided: rotations on the right make the columns of a tall matrix orthogonal.
Svd tall_svd(Matrix a) {
  const std::size_t n = a.columns;
  Matrix right(n, n);
  for (std::size_t i = 0; i < n; ++i) right.at(i, i) = 1.0;
  bool turned = true;
  for (int sweep = 0; turned && sweep < kMostSweeps; ++sweep) {
    turned = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        double pp = 0.0, pq = 0.0, qq = 0.0;
        for (std::size_t i = 0; i < a.rows; ++i) {
          pp += a.at(i, p) * a.at(i, p);
          pq += a.at(i, p) * a.at(i, q);
          qq += a.at(i, q) * a.at(i, q);
        }
        if (std::abs(pq) <= kDone * std::sqrt(pp * qq) || pq == 0.0) continue;
        turned = true;
        const auto [c, s] = rotation(pp, pq, qq);
        rotate_columns(a, p, q, c, s);
        rotate_columns(right, p, q, c, s);
      }
  }
  Vector values(n);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < a.rows; ++i) values[j] += a.at(i, j) * a.at(i, j);
    values[j] = std::sqrt(values[j]);
    for (std::size_t i = 0; i < a.rows; ++i) a.at(i, j) = values[j] > 0.0 ? a.at(i, j) / values[j] : 0.0;
  }
  const std::vector<std::size_t> order = descending(values);
  Vector sorted;
  for (const std::size_t j : order) sorted.push_back(values[j]);
  return {columns_in_order(a, order), sorted, columns_in_order(right, order)};
}

}  // namespace

Matrix transpose(const Matrix& a) {
  Matrix turned(a.columns, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < a.columns; ++j) turned.at(j, i) = a.at(i, j);
  return turned;
}

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix product(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.columns; ++k)
      for (std::size_t j = 0; j < b.columns; ++j) product.at(i, j) += a.at(i, k) * b.at(k, j);
  return product;
}

Matrix operator*(double factor, const Matrix& a) {
  Matrix scaled = a;
  for (double& value : scaled.values) value *= factor;
  return scaled;
}

Matrix operator+(const Matrix& a, const Matrix& b) {
  Matrix sum = a;
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += b.values[i];
  return sum;
}

Matrix operator-(const Matrix& a, const Matrix& b) { return a + -1.0 * b; }

double norm(const Matrix& a) {
  double sum = 0.0;
  for (const double value : a.values) sum += value * value;
  return std::sqrt(sum);
}

Svd svd(const Matrix& a) {
  if (a.rows >= a.columns) return tall_svd(a);
  Svd turned = tall_svd(transpose(a));
  std::swap(turned.left, turned.right);
  return turned;
}

Matrix compose(const Svd& svd, std::size_t count, double least, double (*function)(double)) {
  Matrix left(svd.left.rows, count);
  Matrix right(svd.right.rows, count);
  for (std::size_t k = 0; k < count; ++k) {
    if (svd.values[k] <= least * svd.values[0]) continue;
    for (std::size_t i = 0; i < left.rows; ++i) left.at(i, k) = function(svd.values[k]) * svd.left.at(i, k);
    for (std::size_t i = 0; i < right.rows; ++i) right.at(i, k) = svd.right.at(i, k);
  }
  return left * transpose(right);
}

Matrix polar(const Matrix& a, double least) {
  const Svd found = svd(a);
  return compose(found, found.values.size(), least, [](double) { return 1.0; });
}

Eigen symmetric_eigen(const Matrix& matrix) {
  Matrix a = matrix;
  const std::size_t n = a.rows;
  Matrix vectors(n, n);
  for (std::size_t i = 0; i < n; ++i) vectors.at(i, i) = 1.0;
  const double size = norm(a);
  bool turned = true;
  for (int sweep = 0; turned && sweep < kMostSweeps; ++sweep) {
    turned = false;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (std::abs(a.at(p, q)) <= kDone * size) continue;
        turned = true;
        const auto [c, s] = rotation(a.at(p, p), a.at(p, q), a.at(q, q));
        rotate_columns(a, p, q, c, s);
        a = transpose(a);
        rotate_columns(a, p, q, c, s);
        rotate_columns(vectors, p, q, c, s);
      }
  }
  Vector values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(a.at(i, i));
  const std::vector<std::size_t> order = descending(values);
  Eigen found{{}, columns_in_order(vectors, order)};
  for (const std::size_t i : order) found.values.push_back(values[i]);
  return found;
}

}  // namespace wootz::oracle
