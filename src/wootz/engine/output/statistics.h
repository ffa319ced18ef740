// What the manifest and `inspect` say of a tensor: norms, how the models' changes point, whether their signs clash.
#pragma once

#include <cstdint>
#include <vector>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/stage.h"

namespace wootz {

/// Sums over one tensor (or several, added up). Lanes are task vectors where there is a base, else parameter values.
struct TensorStatistics {
  std::uint64_t size = 0;
  double base_square = 0.0;          ///< |base|^2; 0 without a base
  double output_square = 0.0;        ///< |merged|^2
  std::vector<double> gram;          ///< inner products of lanes, (0,0) (0,1) .. (1,1) ..
  std::uint64_t sign_conflicts = 0;  ///< positions where lanes have both signs
  std::uint64_t base_nonfinite = 0;  ///< NaN or infinity
  std::uint64_t lane_nonfinite = 0;  ///< over all lanes; counts a position of the base once a lane, too
  std::uint64_t output_nonfinite = 0;

  void add(const TensorStatistics& other);

  double norm(std::size_t lane, std::size_t lanes) const;
  /// Of two lanes; 0 when either is zero.
  double cosine(std::size_t a, std::size_t b, std::size_t lanes) const;
  /// Share of positions with a sign conflict.
  double conflict_rate() const;
};

/// Index of (a, b), a <= b, in a packed upper triangle of K lanes.
std::size_t gram_index(std::size_t a, std::size_t b, std::size_t lanes);

/// Gathers the sums of one piece.
class PieceStatistics {
 public:
  explicit PieceStatistics(std::size_t lanes);

  /// Lanes as read, before any transform.
  void add_inputs(const Block& block);
  void add_output(const double* out, std::size_t n);
  TensorStatistics totals() const;

 private:
  std::vector<kernels::Sum> gram_;
  kernels::Sum base_;
  kernels::Sum output_;
  TensorStatistics counts_;
};

}  // namespace wootz
