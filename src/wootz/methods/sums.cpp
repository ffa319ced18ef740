#include "wootz/methods/sums.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace wootz {
namespace {

using kernels::kSumLanes;
using kernels::Sum;

/// Elements until the next index whose virtual lane is 0.
std::size_t head_length(std::uint64_t first, std::size_t n) {
  const std::size_t offset = first % kSumLanes;
  return offset == 0 ? 0 : std::min(n, kSumLanes - offset);
}

std::size_t triangle(std::size_t vectors) { return vectors * (vectors + 1) / 2; }

struct SumsState : PieceState {
  explicit SumsState(std::size_t count) : sums(count) {}
  std::vector<Sum> sums;
  std::vector<const double*> vectors;
};

}  // namespace

void add_absolute(std::uint64_t first, const double* x, std::size_t n, Sum& sum) {
  const std::size_t head = head_length(first, n);
  for (std::size_t i = 0; i < head; ++i) sum.lanes[(first + i) % kSumLanes] += std::abs(x[i]);
  kernels::add_absolute(x + head, n - head, sum);
}

void add_gram(std::uint64_t first, std::span<const double* const> x, std::size_t n, std::span<Sum> gram) {
  const std::size_t head = head_length(first, n);
  std::size_t at = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i; j < x.size(); ++j, ++at)
      for (std::size_t e = 0; e < head; ++e) gram[at].lanes[(first + e) % kSumLanes] += x[i][e] * x[j][e];
  std::vector<const double*> rest(x.begin(), x.end());
  for (const double*& vector : rest) vector += head;
  kernels::add_gram(rest, n - head, gram);
}

std::size_t GramMatrix::index(std::size_t i, std::size_t j) const {
  const std::size_t row = std::min(i, j);
  return row * (2 * vectors_ - row - 1) / 2 + std::max(i, j);
}

void GramMatrix::add(std::span<const Sum> sums) {
  for (std::size_t i = 0; i < products_.size(); ++i) products_[i] += sums[i].total();
}

double cosine(const GramMatrix& gram, std::size_t i, std::size_t j) {
  const double norms = std::sqrt(gram(i, i)) * std::sqrt(gram(j, j));
  const double cos = gram(i, j) / norms;
  return norms > 0.0 && std::isfinite(cos) ? std::clamp(cos, -1.0, 1.0) : 0.0;
}

GramPass::GramPass(std::size_t lanes, GramOf of)
    : with_base_(of == GramOf::kBaseAndLanes), gram_(lanes + (with_base_ ? 1 : 0)) {}

std::unique_ptr<PieceState> GramPass::begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
  return std::make_unique<SumsState>(triangle(gram_.vectors()));
}

Result<> GramPass::add(PieceState& state, std::size_t /*tensor*/, const Block& block) const {
  auto& [sums, vectors] = static_cast<SumsState&>(state);
  vectors.clear();
  if (with_base_) vectors.push_back(block.base);
  vectors.insert(vectors.end(), block.lanes.begin(), block.lanes.end());
  add_gram(block.first, vectors, block.size, sums);
  return {};
}

void GramPass::merge(std::size_t /*tensor*/, std::uint64_t /*piece*/, PieceState& state) {
  gram_.add(static_cast<SumsState&>(state).sums);
}

std::unique_ptr<PieceState> EnergyPass::begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
  return std::make_unique<SumsState>(energies_.size());
}

Result<> EnergyPass::add(PieceState& state, std::size_t /*tensor*/, const Block& block) const {
  auto& sums = static_cast<SumsState&>(state).sums;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const std::array<const double*, 1> lane{block.lanes[k]};
    add_gram(block.first, lane, block.size, std::span(sums).subspan(k, 1));
  }
  return {};
}

void EnergyPass::merge(std::size_t /*tensor*/, std::uint64_t /*piece*/, PieceState& state) {
  const auto& sums = static_cast<SumsState&>(state).sums;
  for (std::size_t k = 0; k < sums.size(); ++k) energies_[k] += sums[k].total();
}

}  // namespace wootz
