// Gathers what the pieces of a tensor leave behind into its record.
#pragma once

#include "wootz/engine/run/merge_context.h"
#include "wootz/io/digest.h"

namespace wootz {

/// What a merged piece leaves for the record.
struct PieceRecord : UnitResult {
  TensorStatistics statistics;
  std::vector<std::uint64_t> input_digests;   ///< one a model; 0 where not read
  std::vector<std::uint64_t> output_digests;  ///< one an output; 0 where the tensor has no place
  /// Instead of output_digests, where units write whole rows and no whole pieces: what they wrote to each output.
  std::vector<std::vector<std::byte>> written;
};

/// Gathers piece records, in order, into the record of a tensor.
class RecordBuilder {
 public:
  RecordBuilder(const MergePlan& plan, const PlannedTensor& tensor)
      : plan_(plan), tensor_(tensor), input_pieces_(plan.sources.models.size()), output_pieces_(tensor.places.size()) {
    for (const auto& place : tensor.places) written_.emplace_back(place ? item_size(place->dtype) : 1);
  }

  void add_inputs(const PieceRecord& piece) {
    statistics_.add(piece.statistics);
    for (std::size_t model = 0; model < input_pieces_.size(); ++model)
      input_pieces_[model].push_back(piece.input_digests[model]);
  }
  void add_output(const PieceRecord& piece) {
    for (std::size_t output = 0; output < piece.written.size(); ++output) written_[output].add(piece.written[output]);
    for (std::size_t output = 0; output < piece.output_digests.size(); ++output)
      output_pieces_[output].push_back(piece.output_digests[output]);
  }

  TensorRecord finish() {
    TensorRecord record;
    record.name = tensor_.name;
    record.merged = tensor_.merged.has_value();
    record.lanes = tensor_.lanes.size();
    record.statistics = statistics_;
    record.statistics.gram.resize(record.lanes * (record.lanes + 1) / 2);
    for (std::size_t output = 0; output < tensor_.places.size(); ++output) {
      if (record.merged && tensor_.blocks == Granularity::kRow) output_pieces_[output] = written_[output].finish();
      record.digests.push_back(tensor_.places[output] ? tensor_digest(output_pieces_[output]) : "");
    }
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
  std::vector<std::vector<std::uint64_t>> input_pieces_;   // by model
  std::vector<std::vector<std::uint64_t>> output_pieces_;  // by output
  std::vector<PieceDigests> written_;                      // by output
};

}  // namespace wootz
