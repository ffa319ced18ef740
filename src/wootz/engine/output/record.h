// What is known of a finished output tensor: a line of the journal, and an entry of the manifest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/engine/output/statistics.h"

namespace wootz {

struct TensorRecord {
  std::string name;
  std::vector<std::string> digests;        ///< tensor_digest of the data in each output; "" where it is no part of that
  std::vector<std::string> input_digests;  ///< one a model of MergePlan::sources; "" when it was not read
  bool merged = false;                     ///< false: copied from the donor
  bool copies_differ = false;              ///< a copied tensor that is not the same in all models
  std::size_t lanes = 0;
  TensorStatistics statistics;  ///< of merged tensors
  std::vector<Fact> facts;
};

/// One line of JSON, without a newline; doubles in the shortest form that reads back to the same bits.
std::string encode_record(const TensorRecord& record);
Result<TensorRecord> decode_record(std::string_view json);

}  // namespace wootz
