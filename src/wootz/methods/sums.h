// Sums over a scope that no cut of the blocks can change: an element's virtual lane follows from its index in the
// tensor, pieces are summed on their own and added in order.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/stage.h"

namespace wootz {

/// kernels::add_absolute for the elements first, first + 1, ... of a tensor.
void add_absolute(std::uint64_t first, const double* x, std::size_t n, kernels::Sum& sum);

/// kernels::add_gram for the elements first, first + 1, ... of a tensor.
void add_gram(std::uint64_t first, std::span<const double* const> x, std::size_t n, std::span<kernels::Sum> gram);

/// The inner products of some vectors.
class GramMatrix {
 public:
  explicit GramMatrix(std::size_t vectors) : vectors_(vectors), products_(vectors * (vectors + 1) / 2) {}

  std::size_t vectors() const { return vectors_; }
  double operator()(std::size_t i, std::size_t j) const { return products_[index(i, j)]; }
  void add(std::span<const kernels::Sum> sums);

 private:
  std::size_t index(std::size_t i, std::size_t j) const;
  std::size_t vectors_;
  std::vector<double> products_;  ///< rows of the upper triangle, as kernels::add_gram orders them
};

/// The cosine of vectors i and j; 0 when one of them has no direction (zero or not finite).
double cosine(const GramMatrix& gram, std::size_t i, std::size_t j);

/// Which vectors a GramPass multiplies.
enum class GramOf {
  kLanes,         ///< the K lanes
  kBaseAndLanes,  ///< the base, then the K lanes
};

/// One look at all elements of the scope, for their Gram matrix.
class GramPass : public Pass {
 public:
  GramPass(std::size_t lanes, GramOf of);

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override;
  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override;
  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override;

  const GramMatrix& gram() const { return gram_; }

 private:
  bool with_base_;
  GramMatrix gram_;
};

/// One look at all elements of the scope, for the sum of squares of each lane.
class EnergyPass : public Pass {
 public:
  explicit EnergyPass(std::size_t lanes) : energies_(lanes) {}

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override;
  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override;
  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override;

  const std::vector<double>& energies() const { return energies_; }

 private:
  std::vector<double> energies_;
};

}  // namespace wootz
