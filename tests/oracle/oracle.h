// The methods once more, in float64, written from their formulas with no regard for speed or memory. What the library
// computes is compared with this.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wootz::oracle {

using Vector = std::vector<double>;
using Vectors = std::vector<Vector>;  ///< one a model

/// model - base, for every model.
Vectors task_vectors(const Vector& base, const Vectors& models);

Vector linear(const Vectors& models, const Vector& weights, bool normalize);
Vector slerp(const Vector& base, const Vector& other, double t);
/// row_size 0: the tensor as one row.
Vector model_stock(const Vector& base, const Vectors& models, std::size_t row_size);
Vector sce(const Vector& base, const Vectors& models, double select_topk);

/// base + lambda * sum w tau, over sum w when `normalize`; with `consensus` over the entries of the elected sign.
Vector task_arithmetic(const Vector& base, const Vectors& tau, const Vector& weights, bool consensus, bool normalize,
                       double lambda);

/// Indices in descending order of float32 magnitude, equal ones by index.
std::vector<std::size_t> by_magnitude(const Vector& x);
/// Keeps positions [first, last) of that order.
Vector keep_positions(const Vector& x, std::size_t first, std::size_t last);
Vector trim(const Vector& x, double density);
Vector breadcrumbs(const Vector& x, double density, double gamma);

/// Random bits of the streams, from their definition.
Vector dare(const Vector& x, std::uint64_t seed, const std::string& tensor, std::uint64_t stream, double density);
Vector della(const Vector& x, std::size_t row_size, std::uint64_t seed, const std::string& tensor, std::uint64_t stream,
             double density, double epsilon);
/// kept * sum|before| / sum|kept|.
Vector l1_rescaled(const Vector& before, const Vector& kept);

/// Drops what disagrees with the sign of the sum; sums of 0 take the majority sign.
Vectors elect(const Vectors& tau);

struct Awd {
  Vector delta;
  double cosine_before = 0.0;
  double cosine_after = 0.0;
};
/// Gradient descent in all dimensions.
Awd awd(const Vectors& tau, double alpha, double step, std::size_t iterations);

}  // namespace wootz::oracle
