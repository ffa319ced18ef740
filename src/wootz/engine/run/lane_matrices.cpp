#include "wootz/engine/run/lane_matrices.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/io/digest.h"
#include "wootz/kernels/kernels.h"

namespace wootz {
namespace {

void store_floats(const double* values, std::size_t n, float* out) {
  kernels::store(Dtype::kF32, values, n, reinterpret_cast<std::byte*>(out));
}

}  // namespace

// A block source that one task uses, and gives back.
class LaneMatrices::Borrowed {
 public:
  explicit Borrowed(LaneMatrices& lender) : lender_(lender) {
    const std::lock_guard lock(lender.mutex_);
    if (lender.idle_.empty()) lender.idle_.push_back(std::make_unique<BlockSource>(lender.context_.plan.sources));
    source_ = std::move(lender.idle_.back());
    lender.idle_.pop_back();
  }
  ~Borrowed() {
    lender_.context_.bytes_read += source_->take_bytes_read();
    const std::lock_guard lock(lender_.mutex_);
    lender_.idle_.push_back(std::move(source_));
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  BlockSource* operator->() { return source_.get(); }

 private:
  LaneMatrices& lender_;
  std::unique_ptr<BlockSource> source_;
};

// A stage after the combination sees one lane, the update.
LaneMatrices::LaneMatrices(MergeContext& context, const PlannedTensor& tensor, const TensorStages& stages,
                           std::size_t stage, Team& team)
    : MatrixLanes(stage > context.plan.combination ? 1 : tensor.lanes.size(), tensor.size / tensor.row_size,
                  tensor.row_size),
      context_(context),
      tensor_(tensor),
      stages_(stages),
      stage_(stage),
      team_(team) {}

Result<> LaneMatrices::read(std::size_t lane, Matrix<float> out) {
  WOOTZ_CHECK(out.rows == rows() && out.columns == columns() && out.stride == out.columns);
  if (stage_ == 0) return read_stored(lane, out);
  if (context_.holds_lanes) {
    if (held_.empty()) WOOTZ_RETURN_IF_ERROR(hold());
    std::copy_n(held_[lane].view().data, tensor_.size, out.data);
    return {};
  }
  return for_each_block(
      [&](const Block& block) { store_floats(block.lanes[lane], block.size, out.data + block.first); });
}

// Where no stage comes before, the other lanes need not be read.
Result<> LaneMatrices::read_stored(std::size_t lane, Matrix<float> out) {
  return team_.for_each(piece_count(tensor_.size), [&](std::size_t piece) -> Result<> {
    Borrowed source(*this);
    const UnitCut cut = cut_piece(Granularity::kElement, tensor_.size, tensor_.row_size, piece);
    WOOTZ_RETURN_IF_ERROR(source->read_lane(tensor_, lane, cut.first(), cut.end()));
    for (const BlockRange& range : cut.blocks)
      store_floats(source->widen_lane(lane, range, context_.plan.takes_task_vectors), range.size,
                   out.data + range.first);
    return {};
  });
}

Result<> LaneMatrices::hold() {
  for (std::size_t lane = 0; lane < size(); ++lane) held_.emplace_back(rows(), columns());
  return for_each_block([&](const Block& block) {
    for (std::size_t lane = 0; lane < size(); ++lane)
      store_floats(block.lanes[lane], block.size, held_[lane].view().data + block.first);
  });
}

Result<> LaneMatrices::sum(Matrix<float> out) {
  WOOTZ_CHECK(out.rows == rows() && out.columns == columns() && out.stride == out.columns);
  return for_each_block([&](const Block& block) {
    double* const total = block.lanes[0];
    for (std::size_t lane = 1; lane < block.lanes.size(); ++lane) kernels::add(total, block.lanes[lane], block.size);
    store_floats(total, block.size, out.data + block.first);
  });
}

Result<> LaneMatrices::for_each_block(const std::function<void(const Block&)>& use) {
  return team_.for_each(piece_count(tensor_.size), [&](std::size_t piece) { return show_piece_to(use, piece); });
}

Result<> LaneMatrices::show_piece_to(const std::function<void(const Block&)>& use, std::uint64_t piece) {
  const UnitCut cut = cut_piece(tensor_.blocks, tensor_.size, tensor_.row_size, piece);
  if (cut.blocks.empty()) return {};
  Borrowed source(*this);
  WOOTZ_RETURN_IF_ERROR(source->read(tensor_, cut.first(), cut.end()));
  TensorStages::States states = stages_.begin(stage_, piece);
  double* lane = nullptr;
  for (const BlockRange& range : cut.blocks) {
    const Block block = source->widen(range, context_.plan.takes_task_vectors);
    WOOTZ_TRY(const Block seen, stages_.apply(stage_, states, block, source->output(), lane));
    use(seen);
  }
  return {};
}

}  // namespace wootz
