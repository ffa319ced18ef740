// Methods on the singular vectors of whole matrices. Each is written as what becomes of the lanes; the merge adds them
// up.
#include <cmath>

#include "oracle/linear_algebra.h"
#include "oracle/oracles.h"

namespace wootz {
namespace {

using oracle::Matrix;
using oracle::Stage;
using oracle::Tensor;
using oracle::Vector;
using Matrices = std::vector<Matrix>;

Matrix zeros(const Matrix& like) { return Matrix(like.rows, like.columns); }

Matrix sum(const Matrices& tau) {
  Matrix total = zeros(tau[0]);
  for (const Matrix& lane : tau) total = total + lane;
  return total;
}

double mean(const Vector& values) {
  double total = 0.0;
  for (const double value : values) total += value;
  return total / static_cast<double>(values.size());
}

// tau_k V diag(1/s) V^T mean(s): V of the sum, or U from the left where that is the smaller side.
Matrices iso_c(const Matrices& tau, const Stage&) {
  const Matrix total = sum(tau);
  const bool wide = total.rows < total.columns;
  const oracle::Svd svd = oracle::svd(total);
  const Matrix& small = wide ? svd.left : svd.right;
  Matrix scaled = small;
  for (std::size_t k = 0; k < svd.values.size(); ++k)
    for (std::size_t i = 0; i < scaled.rows; ++i)
      scaled.at(i, k) = svd.values[k] > 1e-6 * svd.values[0] ? small.at(i, k) / svd.values[k] : 0.0;
  const Matrix map = mean(svd.values) * (scaled * transpose(small));
  Matrices lanes;
  for (const Matrix& lane : tau) lanes.push_back(wide ? map * lane : lane * map);
  return lanes;
}

// The vectors of all lanes side by side, as columns, made orthonormal by their polar factor.
Matrix whitened(const Matrices& vectors) {
  std::size_t columns = 0;
  for (const Matrix& each : vectors) columns += each.columns;
  Matrix stack(vectors[0].rows, columns);
  std::size_t at = 0;
  for (const Matrix& each : vectors) {
    for (std::size_t i = 0; i < each.rows; ++i)
      for (std::size_t j = 0; j < each.columns; ++j) stack.at(i, at + j) = each.at(i, j);
    at += each.columns;
  }
  return oracle::polar(stack);
}

Matrix columns_of(const Matrix& a, std::size_t first, std::size_t count) {
  Matrix part(a.rows, count);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < count; ++j) part.at(i, j) = a.at(i, first + j);
  return part;
}

Matrices tsv_m(const Matrices& tau, const Stage&) {
  const std::size_t kept = std::max<std::size_t>(1, std::min(tau[0].rows, tau[0].columns) / tau.size());
  Matrices left, right;
  std::vector<Vector> values;
  for (const Matrix& lane : tau) {
    const oracle::Svd svd = oracle::svd(lane);
    left.push_back(columns_of(svd.left, 0, kept));
    right.push_back(columns_of(svd.right, 0, kept));
    values.push_back(svd.values);
  }
  const Matrix u = whitened(left), v = whitened(right);
  Matrices lanes;
  for (std::size_t k = 0; k < tau.size(); ++k) {
    Matrix scaled = columns_of(u, k * kept, kept);
    for (std::size_t i = 0; i < scaled.rows; ++i)
      for (std::size_t j = 0; j < kept; ++j) scaled.at(i, j) *= values[k][j];
    lanes.push_back(scaled * transpose(columns_of(v, k * kept, kept)));
  }
  return lanes;
}

double wudi_filter(std::string_view spectrum, const Vector& l, std::size_t i) {
  if (l[i] <= 1e-8) return 0.0;
  if (spectrum == "exact") return 1.0;
  if (spectrum == "soft") return 1.0 - std::exp(-300.0 * l[i]);
  if (spectrum == "swudi")
    return i < static_cast<std::size_t>(0.65 * static_cast<double>(l.size())) ? 1.0 - std::exp(-1300.0 * l[i]) : 0.0;
  double total = 0.0, roots = 0.0;
  for (const double value : l) {
    total += std::max(0.0, value);
    roots += std::sqrt(std::max(0.0, value));
  }
  return static_cast<double>(i) < std::ceil(roots * roots / total - 1e-9) ? 1.0 : 0.0;
}

Matrices wudi(const Matrices& tau, const Stage& stage) {
  const std::size_t n = tau[0].columns;
  Matrix c(n, n);
  std::vector<double> weights;
  for (const Matrix& lane : tau) {
    const double size = norm(lane);
    weights.push_back(size > 0.0 ? 1.0 / (size * size) : 0.0);
    c = c + weights.back() * (transpose(lane) * lane);
  }
  const oracle::Eigen eigen = oracle::symmetric_eigen(c);
  Matrix f(n, n), f_over_l(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    f.at(i, i) = wudi_filter(stage.params.choice("spectrum"), eigen.values, i);
    f_over_l.at(i, i) = f.at(i, i) == 0.0 ? 0.0 : f.at(i, i) / eigen.values[i];
  }
  const Matrix& v = eigen.vectors;
  Matrices lanes;
  for (std::size_t k = 0; k < tau.size(); ++k)
    lanes.push_back(tau[k] - tau[k] * v * f * transpose(v) +
                    weights[k] * (tau[k] * (transpose(tau[k]) * (tau[k] * v * f_over_l * transpose(v)))));
  return lanes;
}

using Rewrite = Matrices (*)(const Matrices& tau, const Stage& stage);

void rewrite(Stage& stage, Rewrite method) {
  for (Tensor& tensor : stage.tensors) {
    const bool is_matrix = tensor.shape.size() == 2 && tensor.shape[0] > 1 && tensor.shape[1] > 1;
    if (is_matrix) {
      Matrices tau;
      for (const Vector& lane : tensor.lanes) tau.emplace_back(tensor.shape[0], tensor.shape[1], lane);
      const Matrices made = method(tau, stage);
      for (std::size_t k = 0; k < tau.size(); ++k) tensor.lanes[k] = made[k].values;
    } else {
      for (Vector& lane : tensor.lanes)
        for (double& value : lane) value /= static_cast<double>(tensor.lanes.size());
    }
  }
}

void register_both(oracle::Oracles& table, const char* name, Rewrite method) {
  table.transform(name, [method](Stage& stage) { rewrite(stage, method); });
  table.merge(name, [method](Stage& stage) {
    rewrite(stage, method);
    oracle::Vectors merged;
    for (const Tensor& tensor : stage.tensors)
      merged.push_back(oracle::task_arithmetic(tensor.base, tensor.lanes, Vector(stage.models(), 1.0), false, false,
                                               stage.params.number("lambda")));
    return merged;
  });
}

}  // namespace

void register_subspace(oracle::Oracles& table) {
  register_both(table, "iso_c", iso_c);
  register_both(table, "tsv_m", tsv_m);
  register_both(table, "wudi", wudi);
}

}  // namespace wootz
