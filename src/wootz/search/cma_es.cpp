// The notation is that of the tutorial, arXiv:1604.00772: weights and rates of its table 1, the update of its figure 6.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "wootz/core/check.h"
#include "wootz/core/rng.h"
#include "wootz/linalg/eigen.h"
#include "wootz/search/strategies.h"

namespace wootz {
namespace {

using Vector = std::vector<double>;

// Below this, the six digits that candidates are rounded to begin to steer.
constexpr double kLeastSpread = 1e-5;

double dot(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// y += factor * x
void add(double factor, const Vector& x, Vector& y) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

void scale(double factor, Vector& x) {
  for (double& value : x) value *= factor;
}

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
        mean_(options.dimensions, options.mean),
        sigma_(options.step),
        path_sigma_(options.dimensions),
        path_c_(options.dimensions),
        covariance_(options.dimensions, Vector(options.dimensions)),
        axes_(options.dimensions, 1.0),
        basis_(options.dimensions, options.dimensions) {
    std::fill_n(basis_.data(), basis_.size(), 0.0);
    for (std::size_t i = 0; i < size(); ++i) covariance_[i][i] = basis_.view().row(i)[i] = 1.0;
  }

  const Rates& rates() const { return rates_; }
  bool has_shrunk() const { return sigma_ * *std::max_element(axes_.begin(), axes_.end()) < kLeastSpread; }

  /// Draws the next generation's steps, in units of sigma.
  std::vector<Vector> draw() {
    std::vector<Vector> steps(rates_.population, Vector(size()));
    for (std::size_t i = 0; i < steps.size(); ++i)
      for (std::size_t j = 0; j < size(); ++j)
        add_axis(j, axes_[j] * normal(options_.seed, generation_, i * size() + j), steps[i]);
    ++generation_;
    return steps;
  }

  std::vector<double> candidate(const Vector& step) const {
    std::vector<double> values;
    for (std::size_t j = 0; j < size(); ++j)
      values.push_back(std::clamp(rounded_candidate(mean_[j] + sigma_ * step[j]), options_.low, options_.high));
    return values;
  }

  /// Takes in the generation drawn last, in the order of quality, the best first.
  Result<> update(const std::vector<Vector>& steps) {
    const auto n = static_cast<double>(size());
    Vector mean_step(size());
    for (std::size_t i = 0; i < rates_.parents; ++i) add(rates_.weights[i], steps[i], mean_step);
    add(sigma_, mean_step, mean_);

    const double cs = rates_.path_sigma;
    scale(1.0 - cs, path_sigma_);
    add(std::sqrt(cs * (2.0 - cs) * rates_.selected), whitened(mean_step), path_sigma_);
    const double length = std::sqrt(dot(path_sigma_, path_sigma_));
    const double unstalled = 1.0 - std::pow(1.0 - cs, 2.0 * static_cast<double>(generation_));
    const bool moves = length / std::sqrt(unstalled) < (1.4 + 2.0 / (n + 1.0)) * rates_.expected_norm;
    const double cc = rates_.path_c;
    scale(1.0 - cc, path_c_);
    if (moves) add(std::sqrt(cc * (2.0 - cc) * rates_.selected), mean_step, path_c_);

    update_covariance(steps, moves ? 0.0 : cc * (2.0 - cc));
    sigma_ *= std::exp(cs / rates_.damping * (length / rates_.expected_norm - 1.0));
    return decompose();
  }

 private:
  std::size_t size() const { return mean_.size(); }
  std::span<const double> axis(std::size_t j) const { return basis_.view().elements(j); }
  void add_axis(std::size_t j, double factor, Vector& to) const {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * axis(j)[i];
  }

  void update_covariance(const std::vector<Vector>& steps, double lost) {
    const double sum = std::accumulate(rates_.weights.begin(), rates_.weights.end(), 0.0);
    for (Vector& row : covariance_) scale(1.0 + rates_.rank_one * (lost - 1.0) - rates_.rank_mu * sum, row);
    add_square(rates_.rank_one, path_c_);
    for (std::size_t i = 0; i < rates_.population; ++i) {
      double weight = rates_.weights[i];
      if (weight < 0.0) {
        const Vector white = whitened(steps[i]);
        weight *= static_cast<double>(size()) / dot(white, white);
      }
      add_square(rates_.rank_mu * weight, steps[i]);
    }
  }

  // C += factor x x^T
  void add_square(double factor, const Vector& x) {
    for (std::size_t i = 0; i < x.size(); ++i) add(factor * x[i], x, covariance_[i]);
  }

  // C^(-1/2) x
  Vector whitened(const Vector& x) const {
    Vector white(size());
    for (std::size_t j = 0; j < size(); ++j) add_axis(j, dot(axis(j), x) / axes_[j], white);
    return white;
  }

  Result<> decompose() {
    constexpr double kLeastVariance = 1e-20;  // rounding must not make one negative
    OwnedMatrix<double> matrix(size(), size());
    for (std::size_t i = 0; i < size(); ++i)
      for (std::size_t j = 0; j < size(); ++j) matrix.view().row(i)[j] = 0.5 * (covariance_[i][j] + covariance_[j][i]);
    WOOTZ_TRY(SymmetricEigen<double> eigen, symmetric_eigen(std::move(matrix)));
    basis_ = std::move(eigen.vectors);
    for (std::size_t i = 0; i < size(); ++i) axes_[i] = std::sqrt(std::max(eigen.values[i], kLeastVariance));
    return {};
  }

  CmaOptions options_;
  Rates rates_;
  Vector mean_;
  double sigma_;
  Vector path_sigma_;
  Vector path_c_;
  std::vector<Vector> covariance_;  ///< its rows
  Vector axes_;                     ///< square roots of the eigenvalues
  OwnedMatrix<double> basis_;       ///< eigenvectors, as rows
  std::size_t generation_ = 0;
};

Result<> run_generation(Distribution& distribution, const Objective& objective) {
  const std::vector<Vector> steps = distribution.draw();
  std::vector<Quality> qualities;
  for (const Vector& step : steps) {
    WOOTZ_TRY(const Quality quality, objective(distribution.candidate(step)));
    qualities.push_back(quality);
  }
  std::vector<std::size_t> order(qualities.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return is_better(qualities[a], qualities[b]); });
  std::vector<Vector> ordered;
  for (const std::size_t i : order) ordered.push_back(steps[i]);
  return distribution.update(ordered);
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
    auto quality = objective(distribution.candidate(Vector(options.dimensions)));
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
