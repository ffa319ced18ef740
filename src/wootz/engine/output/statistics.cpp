#include "wootz/engine/output/statistics.h"

#include <algorithm>
#include <cmath>

namespace wootz {
namespace {

// A sum of squares is finite exactly when every summand is: values no larger than F32's cannot overflow a double's
// square. F64 values can, and then are counted one by one to no effect but time.
bool finite(const kernels::Sum& sum) { return std::isfinite(sum.total()); }

}  // namespace

std::size_t gram_index(std::size_t a, std::size_t b, std::size_t lanes) {
  if (a > b) std::swap(a, b);
  return a * lanes - a * (a + 1) / 2 + b;
}

void TensorStatistics::add(const TensorStatistics& other) {
  size += other.size;
  base_square += other.base_square;
  output_square += other.output_square;
  gram.resize(std::max(gram.size(), other.gram.size()));
  for (std::size_t i = 0; i < other.gram.size(); ++i) gram[i] += other.gram[i];
  sign_conflicts += other.sign_conflicts;
  base_nonfinite += other.base_nonfinite;
  lane_nonfinite += other.lane_nonfinite;
  output_nonfinite += other.output_nonfinite;
}

double TensorStatistics::norm(std::size_t lane, std::size_t lanes) const {
  return std::sqrt(gram[gram_index(lane, lane, lanes)]);
}

double TensorStatistics::cosine(std::size_t a, std::size_t b, std::size_t lanes) const {
  const double norms = norm(a, lanes) * norm(b, lanes);
  return norms == 0.0 ? 0.0 : gram[gram_index(a, b, lanes)] / norms;
}

double TensorStatistics::conflict_rate() const {
  return size == 0 ? 0.0 : static_cast<double>(sign_conflicts) / static_cast<double>(size);
}

PieceStatistics::PieceStatistics(std::size_t lanes) : gram_(lanes * (lanes + 1) / 2) {}

void PieceStatistics::add_inputs(const Block& block) {
  const std::size_t lanes = block.lanes.size();
  const std::vector<const double*> views(block.lanes.begin(), block.lanes.end());
  counts_.size += block.size;
  counts_.sign_conflicts += kernels::add_gram(views, block.size, gram_);
  for (std::size_t lane = 0; lane < lanes; ++lane)
    if (!finite(gram_[gram_index(lane, lane, lanes)]))
      counts_.lane_nonfinite += kernels::count_nonfinite(views[lane], block.size);
  if (block.base == nullptr) return;
  kernels::add_gram(std::span(&block.base, 1), block.size, std::span(&base_, 1));
  if (!finite(base_)) counts_.base_nonfinite += kernels::count_nonfinite(block.base, block.size);
}

void PieceStatistics::add_output(const double* out, std::size_t n) {
  kernels::add_gram(std::span(&out, 1), n, std::span(&output_, 1));
  if (!finite(output_)) counts_.output_nonfinite += kernels::count_nonfinite(out, n);
}

TensorStatistics PieceStatistics::totals() const {
  TensorStatistics totals = counts_;
  totals.base_square = base_.total();
  totals.output_square = output_.total();
  for (const kernels::Sum& sum : gram_) totals.gram.push_back(sum.total());
  return totals;
}

}  // namespace wootz
