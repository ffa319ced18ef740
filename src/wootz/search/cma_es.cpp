// The notation is that of the tutorial, arXiv:1604.00772: weights and rates of its table 1, the update of its figure 6.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "wootz/core/check.h"
#include "wootz/core/rng.h"
#include "wootz/search/strategies.h"

namespace wootz {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

// Below this, the six digits that candidates are rounded to begin to steer.
constexpr double kLeastSpread = 1e-5;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

/// Normal deviates; the k-th of a generation depends on the seed and both numbers alone.
double normal(std::uint64_t seed, std::size_t generation, std::size_t k) {
  const RngKey key = rng_key(seed, "cma-es", generation);
  const auto words = philox4x32({static_cast<std::uint32_t>(k), 0, 0, 0}, key);
  const auto uniform = [&](std::size_t at) {  // in (0, 1]
    const std::uint64_t bits = (std::uint64_t{words[at]} << 32 | words[at + 1]) >> 11;
    return (static_cast<double>(bits) + 1.0) * 0x1p-53;
  };
  return std::sqrt(-2.0 * std::log(uniform(0))) * std::cos(2.0 * std::numbers::pi * uniform(2));
}

/// What the number of dimensions decides.
struct Rates {
  explicit Rates(std::size_t dimensions) : population(cma_population(dimensions)), parents(population / 2) {
    const auto n = static_cast<double>(dimensions);
    set_weights();
    const double mu = effective(0, parents);
    selected = mu;
    path_c = (4.0 + mu / n) / (n + 4.0 + 2.0 * mu / n);
    rank_one = 2.0 / ((n + 1.3) * (n + 1.3) + mu);
    rank_mu = std::min(1.0 - rank_one, 2.0 * (0.25 + mu + 1.0 / mu - 2.0) / ((n + 2.0) * (n + 2.0) + mu));
    path_sigma = (mu + 2.0) / (n + mu + 5.0);
    damping = 1.0 + 2.0 * std::max(0.0, std::sqrt((mu - 1.0) / (n + 1.0)) - 1.0) + path_sigma;
    expected_norm = std::sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
    normalize(n);
  }

  std::size_t population;  ///< lambda
  std::size_t parents;     ///< mu
  std::vector<double> weights;
  double selected = 0;  ///< mu_eff
  double path_c = 0, rank_one = 0, rank_mu = 0, path_sigma = 0, damping = 0, expected_norm = 0;

 private:
  void set_weights() {
    const double half = std::log((static_cast<double>(population) + 1.0) / 2.0);
    for (std::size_t i = 1; i <= population; ++i) weights.push_back(half - std::log(static_cast<double>(i)));
  }

  double effective(std::size_t first, std::size_t last) const {
    double sum = 0.0;
    double squares = 0.0;
    for (std::size_t i = first; i < last; ++i) {
      sum += weights[i];
      squares += weights[i] * weights[i];
    }
    return squares == 0.0 ? 0.0 : sum * sum / squares;
  }

  // Positive weights add up to 1; negative ones to as much as keeps the covariance positive definite.
  void normalize(double n) {
    const double rejected = effective(parents, population);
    const double most = std::min({1.0 + rank_one / rank_mu, 1.0 + 2.0 * rejected / (selected + 2.0),
                                  (1.0 - rank_one - rank_mu) / (n * rank_mu)});
    double positive = 0.0;
    double negative = 0.0;
    for (const double weight : weights) (weight >= 0.0 ? positive : negative) += std::abs(weight);
    for (double& weight : weights) weight *= weight >= 0.0 ? 1.0 / positive : most / negative;
  }
};

/// The distribution candidates are drawn from, and how it has moved.
class Distribution {
 public:
  explicit Distribution(const CmaOptions& options)
      : options_(options),
        rates_(options.dimensions),
        mean_(Vector::Constant(index(options.dimensions), options.mean)),
        sigma_(options.step),
        path_sigma_(Vector::Zero(mean_.size())),
        path_c_(Vector::Zero(mean_.size())),
        covariance_(Matrix::Identity(mean_.size(), mean_.size())) {
    decompose();
  }

  const Rates& rates() const { return rates_; }
  bool has_shrunk() const { return sigma_ * axes_.maxCoeff() < kLeastSpread; }

  /// Draws the next generation's steps, one a column, in units of sigma.
  Matrix draw() {
    Matrix steps(mean_.size(), index(rates_.population));
    for (Eigen::Index i = 0; i < steps.cols(); ++i) {
      for (Eigen::Index j = 0; j < steps.rows(); ++j)
        steps(j, i) = normal(options_.seed, generation_, static_cast<std::size_t>(i * steps.rows() + j));
      steps.col(i) = basis_ * (axes_.asDiagonal() * steps.col(i));
    }
    ++generation_;
    return steps;
  }

  std::vector<double> candidate(const Vector& step) const {
    std::vector<double> values;
    for (Eigen::Index j = 0; j < mean_.size(); ++j)
      values.push_back(std::clamp(rounded_candidate(mean_(j) + sigma_ * step(j)), options_.low, options_.high));
    return values;
  }

  /// Takes in the generation drawn last, its columns in the order of quality, the best first.
  void update(const Matrix& steps) {
    const auto n = static_cast<double>(mean_.size());
    Vector mean_step = Vector::Zero(mean_.size());
    for (std::size_t i = 0; i < rates_.parents; ++i) mean_step += rates_.weights[i] * steps.col(index(i));
    mean_ += sigma_ * mean_step;

    const double cs = rates_.path_sigma;
    path_sigma_ = (1.0 - cs) * path_sigma_ + std::sqrt(cs * (2.0 - cs) * rates_.selected) * whitened(mean_step);
    const double length = path_sigma_.norm();
    const double unstalled = 1.0 - std::pow(1.0 - cs, 2.0 * static_cast<double>(generation_));
    const bool moves = length / std::sqrt(unstalled) < (1.4 + 2.0 / (n + 1.0)) * rates_.expected_norm;
    const double cc = rates_.path_c;
    path_c_ *= 1.0 - cc;
    if (moves) path_c_ += std::sqrt(cc * (2.0 - cc) * rates_.selected) * mean_step;

    update_covariance(steps, moves ? 0.0 : cc * (2.0 - cc));
    sigma_ *= std::exp(cs / rates_.damping * (length / rates_.expected_norm - 1.0));
    decompose();
  }

 private:
  void update_covariance(const Matrix& steps, double lost) {
    const double sum = std::accumulate(rates_.weights.begin(), rates_.weights.end(), 0.0);
    covariance_ *= 1.0 + rates_.rank_one * (lost - 1.0) - rates_.rank_mu * sum;
    covariance_ += rates_.rank_one * path_c_ * path_c_.transpose();
    for (std::size_t i = 0; i < rates_.population; ++i) {
      const Vector step = steps.col(index(i));
      double weight = rates_.weights[i];
      if (weight < 0.0) weight *= static_cast<double>(step.size()) / whitened(step).squaredNorm();
      covariance_ += rates_.rank_mu * weight * step * step.transpose();
    }
  }

  // C^(-1/2) x
  Vector whitened(const Vector& x) const { return basis_ * (basis_.transpose() * x).cwiseQuotient(axes_); }

  void decompose() {
    constexpr double kLeastVariance = 1e-20;  // rounding must not make one negative
    covariance_ = 0.5 * (covariance_ + covariance_.transpose()).eval();
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance_);
    basis_ = solver.eigenvectors();
    axes_ = solver.eigenvalues().cwiseMax(kLeastVariance).cwiseSqrt();
  }

  CmaOptions options_;
  Rates rates_;
  Vector mean_;
  double sigma_;
  Vector path_sigma_;
  Vector path_c_;
  Matrix covariance_;
  Matrix basis_;  ///< eigenvectors
  Vector axes_;   ///< square roots of the eigenvalues
  std::size_t generation_ = 0;
};

Result<> run_generation(Distribution& distribution, const Objective& objective) {
  const Matrix steps = distribution.draw();
  std::vector<Quality> qualities;
  for (Eigen::Index i = 0; i < steps.cols(); ++i) {
    WOOTZ_TRY(const Quality quality, objective(distribution.candidate(steps.col(i))));
    qualities.push_back(quality);
  }
  std::vector<std::size_t> order(qualities.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return is_better(qualities[a], qualities[b]); });
  Matrix ordered(steps.rows(), steps.cols());
  for (std::size_t i = 0; i < order.size(); ++i) ordered.col(index(i)) = steps.col(index(order[i]));
  distribution.update(ordered);
  return {};
}

}  // namespace

std::size_t cma_population(std::size_t dimensions) {
  return 4 + static_cast<std::size_t>(3.0 * std::log(static_cast<double>(dimensions)));
}

Result<> search_cma(const CmaOptions& options, const Objective& objective) {
  Distribution distribution(options);
  const std::size_t population = distribution.rates().population;
  WOOTZ_CHECK(options.dimensions > 0 && options.evaluations > population + 1);
  const auto ask_mean = [&]() -> Result<> {
    auto quality = objective(distribution.candidate(Vector::Zero(index(options.dimensions))));
    if (!quality) return tl::unexpected(std::move(quality).error());
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(ask_mean());
  for (std::size_t left = options.evaluations - 1; left > population && !distribution.has_shrunk();
       left -= population + 1) {
    WOOTZ_RETURN_IF_ERROR(run_generation(distribution, objective));
    WOOTZ_RETURN_IF_ERROR(ask_mean());
  }
  return {};
}

}  // namespace wootz
