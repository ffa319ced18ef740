// How candidates are chosen: searches over numbers that know nothing of models. Each asks for one candidate after
// another, keeps within its number of evaluations, and stops at the first error; whoever answers keeps the best.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// How good a candidate is.
struct Quality {
  double accuracy = 0;
  double loss = 0;  ///< decides between equal accuracies
};

bool is_better(const Quality& a, const Quality& b);

/// The quality of a candidate's values.
using Objective = std::function<Result<Quality>(std::span<const double> values)>;

/// The number to six significant digits: what candidates are rounded to, so that recipes can be read.
double rounded_candidate(double value);

/// Every value, in order.
Result<> search_grid(std::span<const double> values, const Objective& objective);

struct GoldenOptions {
  double low = 0.0;
  double high = 1.0;
  std::size_t evaluations = 12;
};

/// Golden section (Kiefer, 1953): after n evaluations the best lies within 0.618^(n-1) of the range where the quality
/// rises to one peak and falls. Ends early when the range has shrunk to a millionth. Requires: low < high, 2
/// evaluations or more.
Result<> search_golden(const GoldenOptions& options, const Objective& objective);

struct CmaOptions {
  std::size_t dimensions = 1;
  double mean = 0.3;                                      ///< at first, of every coordinate
  double step = 0.2;                                      ///< at first, the standard deviation of every coordinate
  double low = -std::numeric_limits<double>::infinity();  ///< candidates outside are moved to the bound
  double high = std::numeric_limits<double>::infinity();
  std::size_t evaluations = 100;
  std::uint64_t seed = 0;
};

/// Candidates of one generation: 4 + floor(3 ln n).
std::size_t cma_population(std::size_t dimensions);

/// The covariance matrix adaptation evolution strategy as in Hansen's tutorial (arXiv:1604.00772), with negative
/// weights. Besides every generation its mean is evaluated, and the first one, which the strategy does not ask for: in
/// several dimensions candidates lie far from the mean, which is often better than all of them. The same seed gives the
/// same candidates for the same answers. Ends early when the distribution has shrunk to 1e-5. Requires: evaluations for
/// one generation and two means.
Result<> search_cma(const CmaOptions& options, const Objective& objective);

}  // namespace wootz
