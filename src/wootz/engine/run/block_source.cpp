#include "wootz/engine/run/block_source.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/kernels/kernels.h"

namespace wootz {
namespace {

std::span<const std::byte> slice(const std::vector<std::byte>& raw, const TensorInfo& info, std::uint64_t read_first,
                                 std::uint64_t first, std::uint64_t end) {
  const std::uint64_t item = item_size(info.dtype);
  return std::span(raw).subspan((first - read_first) * item, (end - first) * item);
}

template <typename T>
void grow(std::vector<T>& buffer, std::uint64_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

}  // namespace

void BlockSource::begin(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t end) {
  tensor_ = &tensor;
  first_ = first;
  end_ = end;
  lane_raw_.resize(tensor.lanes.size());
  lanes_.resize(tensor.lanes.size());
  lane_pointers_.resize(tensor.lanes.size());
}

Result<> BlockSource::read(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t end) {
  begin(tensor, first, end);
  if (tensor.base != nullptr) WOOTZ_RETURN_IF_ERROR(read_one(*sources_.base, tensor.base, base_raw_));
  for (std::size_t lane = 0; lane < tensor.lanes.size(); ++lane)
    WOOTZ_RETURN_IF_ERROR(read_one(tensor.lanes[lane].model, tensor.lanes[lane].tensor, lane_raw_[lane]));
  return {};
}

Result<> BlockSource::read_lane(const PlannedTensor& tensor, std::size_t lane, std::uint64_t first, std::uint64_t end) {
  begin(tensor, first, end);
  if (tensor.base != nullptr) WOOTZ_RETURN_IF_ERROR(read_one(*sources_.base, tensor.base, base_raw_));
  return read_one(tensor.lanes[lane].model, tensor.lanes[lane].tensor, lane_raw_[lane]);
}

Result<> BlockSource::read_one(std::size_t model, const TensorInfo* info, std::vector<std::byte>& buffer) {
  if (info == nullptr) return {};
  const std::uint64_t item = item_size(info->dtype);
  const std::uint64_t bytes = (end_ - first_) * item;
  grow(buffer, bytes);
  bytes_read_ += bytes;
  const Checkpoint& checkpoint = sources_.models[model].checkpoint;
  return checkpoint.read(*info, first_ * item, std::span(buffer).first(bytes));
}

void BlockSource::widen_base(const BlockRange& range) {
  WOOTZ_CHECK(range.first >= first_ && range.first + range.size <= end_);
  grow(output_, range.size);
  if (tensor_->base == nullptr) return;
  grow(base_, range.size);
  const std::byte* const stored = base_bytes(range.first, range.first + range.size).data();
  kernels::load(tensor_->base->dtype, stored, range.size, base_.data());
}

// Requires: widen_base() of the same range.
void BlockSource::fill_lane(std::size_t lane, const BlockRange& range, bool subtract_base) {
  grow(lanes_[lane], range.size);
  double* const out = lane_pointers_[lane] = lanes_[lane].data();
  const TensorInfo* const info = tensor_->lanes[lane].tensor;
  if (info == nullptr) {  // missing: equal to the base
    if (subtract_base)
      std::fill_n(out, range.size, 0.0);
    else
      std::copy_n(base_.data(), range.size, out);
    return;
  }
  const std::byte* const stored = lane_bytes(lane, range.first, range.first + range.size).data();
  if (subtract_base)
    kernels::load_difference(info->dtype, stored, base_.data(), range.size, out);
  else
    kernels::load(info->dtype, stored, range.size, out);
}

Block BlockSource::widen(const BlockRange& range, bool subtract_base) {
  widen_base(range);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) fill_lane(lane, range, subtract_base);
  Block block;
  block.first = range.first;
  block.size = range.size;
  block.base = tensor_->base != nullptr ? base_.data() : nullptr;
  block.lanes = lane_pointers_;
  return block;
}

double* BlockSource::widen_lane(std::size_t lane, const BlockRange& range, bool subtract_base) {
  widen_base(range);
  fill_lane(lane, range, subtract_base);
  return lane_pointers_[lane];
}

std::span<const std::byte> BlockSource::lane_bytes(std::size_t lane, std::uint64_t first, std::uint64_t end) const {
  return slice(lane_raw_[lane], *tensor_->lanes[lane].tensor, first_, first, end);
}

std::span<const std::byte> BlockSource::base_bytes(std::uint64_t first, std::uint64_t end) const {
  return slice(base_raw_, *tensor_->base, first_, first, end);
}

std::uint64_t BlockSource::memory(std::size_t inputs, std::size_t outputs, std::uint64_t unit_elements,
                                  std::size_t item_bytes, std::uint64_t block_elements) {
  // Stored bytes of each input and output; widened base, lanes and result, and as much again for stages'
  // scratch.
  return (inputs + outputs) * unit_elements * item_bytes + 2 * (inputs + 1) * block_elements * sizeof(double);
}

}  // namespace wootz
