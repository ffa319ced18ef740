// model.safetensors.index.json: which shard holds which tensor.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "wootz/core/result.h"

namespace wootz {

struct ShardIndex {
  std::map<std::string, std::string> weight_map;  ///< tensor name to file name
  std::uint64_t total_size = 0;                   ///< bytes of all tensors' data; 0 when the index does not say
};

/// Parses an index. File names must be plain names ending in .safetensors: no folders, no "..".
Result<ShardIndex> parse_shard_index(std::string_view json);

/// As transformers writes it: two-space indent, sorted keys, final newline.
std::string encode_shard_index(const ShardIndex& index);

/// "model.safetensors" for one shard, else "model-00002-of-00005.safetensors" (`number` counts from 1).
std::string shard_name(std::size_t number, std::size_t count);

}  // namespace wootz
