#include "oracle/oracle.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "wootz/core/rng.h"

namespace wootz::oracle {
namespace {

double dot(const Vector& x, const Vector& y) {
  long double sum = 0.0L;
  for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<long double>(x[i]) * static_cast<long double>(y[i]);
  return static_cast<double>(sum);
}

double norm(const Vector& x) { return std::sqrt(dot(x, x)); }

double cosine(const Vector& x, const Vector& y) {
  const double norms = norm(x) * norm(y);
  return norms == 0.0 ? 0.0 : dot(x, y) / norms;
}

double sum_absolute(const Vector& x) {
  long double sum = 0.0L;
  for (const double value : x) sum += static_cast<long double>(std::abs(value));
  return static_cast<double>(sum);
}

double uniform(RngKey key, std::uint64_t index) { return static_cast<double>(random_bits(key, index)) / 4294967296.0; }

Vector slice(const Vector& x, std::size_t first, std::size_t size) {
  return {x.begin() + static_cast<std::ptrdiff_t>(first), x.begin() + static_cast<std::ptrdiff_t>(first + size)};
}

double mean_absolute_cosine(const Vectors& v) {
  double sum = 0.0;
  for (std::size_t i = 0; i < v.size(); ++i)
    for (std::size_t j = 0; j < v.size(); ++j)
      if (i != j) sum += std::abs(cosine(v[i], v[j]));
  return sum / static_cast<double>(v.size() * (v.size() - 1));
}

/// d|cos(x - delta, y - delta)| / d delta
Vector cosine_gradient(const Vector& x, const Vector& y) {
  const double nx = norm(x);
  const double ny = norm(y);
  const double cos = dot(x, y) / (nx * ny);
  const double sign = cos > 0.0 ? 1.0 : (cos < 0.0 ? -1.0 : 0.0);
  Vector gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    gradient[i] = -sign * ((x[i] + y[i]) / (nx * ny) - cos * (x[i] / (nx * nx) + y[i] / (ny * ny)));
  return gradient;
}

}  // namespace

Vectors task_vectors(const Vector& base, const Vectors& models) {
  Vectors tau = models;
  for (Vector& vector : tau)
    for (std::size_t i = 0; i < vector.size(); ++i) vector[i] -= base[i];
  return tau;
}

Vector linear(const Vectors& models, const Vector& weights, bool normalize) {
  Vector out(models[0].size());
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t k = 0; k < models.size(); ++k) out[i] += weights[k] * models[k][i];
    if (normalize) out[i] /= total;
  }
  return out;
}

Vector slerp(const Vector& base, const Vector& other, double t) {
  const double cos = cosine(base, other);
  double a = 1.0 - t;
  double b = t;
  const bool tiny = norm(base) <= 1e-8 && norm(other) <= 1e-8;
  if (!tiny && std::abs(cos) <= 0.9995) {
    const double angle = std::acos(cos);
    a = std::sin((1.0 - t) * angle) / std::sin(angle);
    b = std::sin(t * angle) / std::sin(angle);
  }
  Vector out(base.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a * base[i] + b * other[i];
  return out;
}

Vector model_stock(const Vector& base, const Vectors& models, std::size_t row_size) {
  const std::size_t n = models.size();
  const std::size_t row = row_size == 0 ? base.size() : row_size;
  Vector out(base.size());
  for (std::size_t first = 0; first < base.size(); first += row) {
    const Vector b = slice(base, first, row);
    Vectors tau;
    for (const Vector& model : models) tau.push_back(task_vectors(b, {slice(model, first, row)})[0]);
    double c = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) c += cosine(tau[i], tau[j]);
    c /= static_cast<double>(n * (n - 1) / 2);
    const double denominator = 1.0 + static_cast<double>(n - 1) * c;
    const double t = denominator > 1e-6 ? static_cast<double>(n) * c / denominator : 0.0;
    for (std::size_t i = 0; i < row; ++i) {
      double mean = 0.0;
      for (const Vector& model : models) mean += model[first + i] / static_cast<double>(n);
      out[first + i] = t * mean + (1.0 - t) * b[i];
    }
  }
  return out;
}

Vector sce(const Vector& base, const Vectors& models, double select_topk) {
  Vectors tau = task_vectors(base, models);
  const auto count = static_cast<double>(tau.size());
  Vector variance(base.size());
  for (std::size_t i = 0; i < base.size(); ++i) {
    double mean = 0.0;
    for (const Vector& vector : tau) mean += vector[i] / count;
    for (const Vector& vector : tau) variance[i] += (vector[i] - mean) * (vector[i] - mean) / count;
  }
  if (select_topk < 1.0) {
    const auto varying = std::count_if(variance.begin(), variance.end(), [](double v) { return v != 0.0; });
    const auto keep = static_cast<std::size_t>(select_topk * static_cast<double>(varying));
    const auto order = by_magnitude(variance);
    for (std::size_t p = keep; p < order.size(); ++p)
      for (Vector& vector : tau) vector[order[p]] = 0.0;
  }
  Vector weights;
  for (const Vector& vector : tau) weights.push_back(dot(vector, vector));
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight = total > 0.0 ? weight / total : 1.0 / count;
  Vector out = base;
  for (std::size_t i = 0; i < base.size(); ++i) {
    double votes = 0.0;
    for (const Vector& vector : tau) votes += vector[i];
    double mixed = 0.0;
    double divisor = 0.0;
    for (std::size_t k = 0; k < tau.size(); ++k) {
      if (tau[k][i] == 0.0 || (tau[k][i] > 0.0) != (votes >= 0.0)) continue;
      mixed += weights[k] * tau[k][i];
      divisor += weights[k];
    }
    out[i] += mixed / std::max(divisor, 1e-6);
  }
  return out;
}

Vector task_arithmetic(const Vector& base, const Vectors& tau, const Vector& weights, bool consensus, bool normalize,
                       double lambda) {
  Vector out = base;
  for (std::size_t i = 0; i < base.size(); ++i) {
    double votes = 0.0;
    for (std::size_t k = 0; k < tau.size(); ++k) votes += weights[k] * tau[k][i];
    double mixed = 0.0;
    double divisor = 0.0;
    for (std::size_t k = 0; k < tau.size(); ++k) {
      const double vote = weights[k] * tau[k][i];
      if (consensus && (vote == 0.0 || (vote > 0.0) != (votes >= 0.0))) continue;
      mixed += vote;
      divisor += weights[k];
    }
    if (normalize && std::abs(divisor) >= 1e-8) mixed /= divisor;
    out[i] += lambda * mixed;
  }
  return out;
}

std::vector<std::size_t> by_magnitude(const Vector& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(static_cast<float>(x[a])) > std::abs(static_cast<float>(x[b]));
  });
  return order;
}

Vector keep_positions(const Vector& x, std::size_t first, std::size_t last) {
  Vector kept(x.size());
  const auto order = by_magnitude(x);
  for (std::size_t p = first; p < last; ++p) kept[order[p]] = x[order[p]];
  return kept;
}

Vector trim(const Vector& x, double density) { return breadcrumbs(x, density, 0.0); }

Vector breadcrumbs(const Vector& x, double density, double gamma) {
  const auto n = static_cast<double>(x.size());
  auto keep = static_cast<std::size_t>(density * n);
  if (keep == 0 && density > 0.0 && !x.empty()) keep = 1;
  const std::size_t top = std::min(static_cast<std::size_t>(gamma * n), x.size() - keep);
  return keep_positions(x, top, top + keep);
}

Vector dare(const Vector& x, std::uint64_t seed, const std::string& tensor, std::uint64_t stream, double density) {
  const RngKey key = rng_key(seed, tensor, stream);
  Vector kept = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (uniform(key, i) >= density) kept[i] = 0.0;
  return kept;
}

Vector della(const Vector& x, std::size_t row_size, std::uint64_t seed, const std::string& tensor, std::uint64_t stream,
             double density, double epsilon) {
  const RngKey key = rng_key(seed, tensor, stream);
  Vector kept(x.size());
  for (std::size_t first = 0; first < x.size(); first += row_size) {
    const Vector row = slice(x, first, row_size);
    std::vector<std::size_t> order(row_size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(static_cast<float>(row[a])) < std::abs(static_cast<float>(row[b]));
    });
    for (std::size_t r = 0; r < row_size; ++r) {
      const double share = row_size == 1 ? 0.0 : static_cast<double>(r) / static_cast<double>(row_size - 1);
      if (uniform(key, first + order[r]) < density - epsilon + 2.0 * epsilon * share)
        kept[first + order[r]] = row[order[r]];
    }
  }
  return kept;
}

Vector l1_rescaled(const Vector& before, const Vector& kept) {
  const double factor = sum_absolute(before) / sum_absolute(kept);
  Vector out = kept;
  if (sum_absolute(before) >= 1e-7 && sum_absolute(kept) >= 1e-7)
    for (double& value : out) value *= factor;
  return out;
}

Vectors elect(const Vectors& tau) {
  Vector sums(tau[0].size());
  long balance = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (const Vector& vector : tau) sums[i] += vector[i];
    balance += sums[i] > 0.0 ? 1 : (sums[i] < 0.0 ? -1 : 0);
  }
  const double majority = balance < 0 ? -1.0 : 1.0;
  Vectors kept = tau;
  for (Vector& vector : kept)
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (vector[i] * (sums[i] == 0.0 ? majority : sums[i]) < 0.0) vector[i] = 0.0;
  return kept;
}

Awd awd(const Vectors& tau, double alpha, double step, std::size_t iterations) {
  const std::size_t size = tau[0].size();
  const auto pairs = static_cast<double>(tau.size() * (tau.size() - 1));
  Awd result{Vector(size), mean_absolute_cosine(tau), 0.0};
  Vectors v = tau;
  for (std::size_t iteration = 0; iteration < iterations; ++iteration) {
    Vector gradient(size);
    for (std::size_t i = 0; i < v.size(); ++i)
      for (std::size_t j = 0; j < v.size(); ++j) {
        if (i == j) continue;
        const Vector part = cosine_gradient(v[i], v[j]);
        for (std::size_t e = 0; e < size; ++e) gradient[e] += part[e] / pairs;
      }
    const double length = norm(result.delta);
    for (std::size_t e = 0; e < size; ++e) {
      if (length > 0.0) gradient[e] += alpha * result.delta[e] / length;
      result.delta[e] -= step * gradient[e];
    }
    for (std::size_t k = 0; k < v.size(); ++k)
      for (std::size_t e = 0; e < size; ++e) v[k][e] = tau[k][e] - result.delta[e];
  }
  result.cosine_after = mean_absolute_cosine(v);
  return result;
}

}  // namespace wootz::oracle
