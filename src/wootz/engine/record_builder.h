// Gathers what the pieces of a tensor leave behind into its record.
#pragma once

#include "wootz/engine/merge_context.h"
#include "wootz/io/digest.h"

namespace wootz {

/// What a merged piece leaves for the record.
struct PieceRecord : UnitResult {
  TensorStatistics statistics;
  std::vector<std::uint64_t> input_digests;  // one a model; 0 where not read
  std::uint64_t output_digest = 0;
  std::vector<std::byte> written;  // instead of a digest, where units write whole rows and no whole pieces
};

/// Gathers piece records, in order, into the record of a tensor.
class RecordBuilder {
 public:
  RecordBuilder(const MergePlan& plan, const PlannedTensor& tensor)
      : plan_(plan), tensor_(tensor), written_(item_size(tensor.dtype)) {
    input_pieces_.resize(plan.sources.models.size());
  }

  void add_inputs(const PieceRecord& piece) {
    statistics_.add(piece.statistics);
    for (std::size_t model = 0; model < input_pieces_.size(); ++model)
      input_pieces_[model].push_back(piece.input_digests[model]);
  }
  void add_output(const PieceRecord& piece) {
    if (tensor_.blocks == Granularity::kRow)
      written_.add(piece.written);
    else
      output_pieces_.push_back(piece.output_digest);
  }

  TensorRecord finish() {
    if (tensor_.blocks == Granularity::kRow) output_pieces_ = written_.finish();
    TensorRecord record;
    record.name = tensor_.name;
    record.merged = tensor_.merged.has_value();
    record.lanes = tensor_.lanes.size();
    record.statistics = statistics_;
    record.statistics.gram.resize(record.lanes * (record.lanes + 1) / 2);
    record.digest = tensor_digest(output_pieces_);
    record.input_digests.resize(input_pieces_.size());
    const auto digest_input = [&](std::size_t model) {
      record.input_digests[model] = tensor_digest(input_pieces_[model]);
    };
    for (const PlannedLane& lane : tensor_.lanes)
      if (lane.tensor != nullptr) digest_input(lane.model);
    if (!record.merged || tensor_.base != nullptr) digest_input(plan_.sources.donor_index());
    return record;
  }

 private:
  const MergePlan& plan_;
  const PlannedTensor& tensor_;
  TensorStatistics statistics_;
  std::vector<std::vector<std::uint64_t>> input_pieces_;
  std::vector<std::uint64_t> output_pieces_;
  PieceDigests written_;
};

}  // namespace wootz
