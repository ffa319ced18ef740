#include "wootz/methods/disentangle.h"

#include <algorithm>
#include <cmath>

namespace wootz {
namespace {

using Vector = std::vector<double>;

/// The descent over the active task vectors, numbered 0 .. n-1.
class Descent {
 public:
  Descent(const GramMatrix& gram, const std::vector<std::size_t>& active) : n_(active.size()), gram_(n_ * n_), b_(n_) {
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < n_; ++j) gram_[i * n_ + j] = gram(active[i], active[j]);
    project();
  }

  void step(const DisentangleOptions& options) {
    const Vector gradient = gradient_of(options.alpha);
    for (std::size_t k = 0; k < n_; ++k) b_[k] -= options.step * gradient[k];
    project();
  }

  const Vector& coordinates() const { return b_; }
  double delta_norm() const { return std::sqrt(std::max(0.0, dot(b_, gram_b_))); }

  double mean_absolute_cosine() const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < n_; ++j)
        if (i != j) sum += std::abs(cosine(i, j));
    return n_ < 2 ? 0.0 : sum / static_cast<double>(n_ * (n_ - 1));
  }

 private:
  double dot(const Vector& x, const Vector& y) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < n_; ++k) sum += x[k] * y[k];
    return sum;
  }

  // Gram b, and the norms of v_i = tau_i - delta.
  void project() {
    gram_b_.assign(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < n_; ++j) gram_b_[i] += gram_[i * n_ + j] * b_[j];
    delta_squared_ = dot(b_, gram_b_);
    norms_.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) norms_[i] = std::sqrt(std::max(0.0, product(i, i)));
  }

  // <v_i, v_j>
  double product(std::size_t i, std::size_t j) const {
    return gram_[i * n_ + j] - gram_b_[i] - gram_b_[j] + delta_squared_;
  }

  double cosine(std::size_t i, std::size_t j) const {
    const double norms = norms_[i] * norms_[j];
    return norms > 0.0 ? product(i, j) / norms : 0.0;
  }

  // grad L = sum_i a_i v_i + alpha delta / ||delta||, in coordinates.
  Vector gradient_of(double alpha) const {
    Vector gradient(n_);
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        const double norms = norms_[i] * norms_[j];
        if (i == j || !(norms > 0.0)) continue;
        const double cos = cosine(i, j);
        const double sign = cos > 0.0 ? 1.0 : (cos < 0.0 ? -1.0 : 0.0);
        gradient[i] += sign * (1.0 / norms - cos / (norms_[i] * norms_[i]));
      }
      gradient[i] *= -2.0 / static_cast<double>(n_ * (n_ - 1));
      sum += gradient[i];
    }
    const double norm = delta_norm();
    const double shrink = (norm > 0.0 ? alpha / norm : 0.0) - sum;
    for (std::size_t k = 0; k < n_; ++k) gradient[k] += shrink * b_[k];
    return gradient;
  }

  std::size_t n_;
  Vector gram_;
  Vector b_;
  Vector gram_b_;
  double delta_squared_ = 0.0;
  Vector norms_;
};

}  // namespace

Disentangled disentangle(const GramMatrix& gram, const DisentangleOptions& options) {
  Disentangled found;
  for (std::size_t k = 0; k < gram.vectors(); ++k)
    if (gram(k, k) > 0.0 && std::isfinite(gram(k, k))) found.active.push_back(k);
  if (found.active.size() < 2) found.active.clear();

  Descent descent(gram, found.active);
  found.cosine_before = descent.mean_absolute_cosine();
  for (std::size_t i = 0; i < options.iterations; ++i) descent.step(options);
  found.cosine_after = descent.mean_absolute_cosine();
  found.delta_norm = descent.delta_norm();
  found.coordinates = descent.coordinates();
  return found;
}

}  // namespace wootz
