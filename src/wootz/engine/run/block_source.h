// Reads units of a tensor from all models and widens them block by block. One a worker; not thread-safe.
#pragma once

#include <utility>
#include <vector>

#include "wootz/engine/plan/cut.h"
#include "wootz/engine/plan/plan.h"

namespace wootz {

class BlockSource {
 public:
  explicit BlockSource(const Sources& sources) : sources_(sources) {}

  /// Reads elements [first, end) of base and lanes, stored bytes. `tensor` must outlive the next calls.
  Result<> read(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t end);

  /// The same of base and one lane only.
  Result<> read_lane(const PlannedTensor& tensor, std::size_t lane, std::uint64_t first, std::uint64_t end);

  /// Widens a range of what read() read. Lanes are task vectors where there is a base (`subtract_base`), else values.
  /// The block's arrays are overwritten by the next call.
  Block widen(const BlockRange& range, bool subtract_base);

  /// The same of one lane that read() or read_lane() read: the array of range.size values.
  double* widen_lane(std::size_t lane, const BlockRange& range, bool subtract_base);

  /// Stored bytes of elements [first, end) of a lane, or of the base.
  std::span<const std::byte> lane_bytes(std::size_t lane, std::uint64_t first, std::uint64_t end) const;
  std::span<const std::byte> base_bytes(std::uint64_t first, std::uint64_t end) const;

  /// Bytes read since the last call.
  std::uint64_t take_bytes_read() { return std::exchange(bytes_read_, 0); }

  /// A scratch array as large as the widest block so far.
  double* output() { return output_.data(); }

  /// Bytes that a worker's buffers take for units and blocks of these sizes.
  static std::uint64_t memory(std::size_t inputs, std::size_t outputs, std::uint64_t unit_elements,
                              std::size_t item_bytes, std::uint64_t block_elements);

 private:
  void begin(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t end);
  void widen_base(const BlockRange& range);
  void fill_lane(std::size_t lane, const BlockRange& range, bool subtract_base);
  Result<> read_one(std::size_t model, const TensorInfo* info, std::vector<std::byte>& buffer);

  const Sources& sources_;
  const PlannedTensor* tensor_ = nullptr;
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::vector<std::byte> base_raw_;
  std::vector<std::vector<std::byte>> lane_raw_;
  std::vector<double> base_;
  std::vector<std::vector<double>> lanes_;
  std::vector<double*> lane_pointers_;
  std::vector<double> output_;
};

}  // namespace wootz
