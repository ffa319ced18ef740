#include "wootz/engine/layout.h"

#include <algorithm>

#include "wootz/io/shard_index.h"

namespace wootz {
namespace {

std::vector<std::vector<std::size_t>> split(const std::vector<PlannedTensor>& tensors, std::uint64_t shard_size) {
  std::vector<std::vector<std::size_t>> shards(1);
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!shards.back().empty() && filled + tensors[i].bytes > shard_size) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(i);
    filled += tensors[i].bytes;
  }
  return shards;
}

}  // namespace

void lay_out(MergePlan& plan, std::uint64_t shard_size) {
  auto groups = split(plan.tensors, shard_size);
  plan.shards.clear();
  for (std::size_t s = 0; s < groups.size(); ++s) {
    OutputShard shard;
    shard.name = shard_name(s + 1, groups.size());
    shard.tensors = std::move(groups[s]);
    std::stable_sort(shard.tensors.begin(), shard.tensors.end(), [&](std::size_t a, std::size_t b) {
      return item_size(plan.tensors[a].dtype) > item_size(plan.tensors[b].dtype);
    });
    std::vector<SafetensorsEntry> entries;
    std::uint64_t end = 0;
    for (std::size_t index : shard.tensors) {
      const PlannedTensor& tensor = plan.tensors[index];
      entries.push_back({tensor.name, tensor.dtype, tensor.shape, end, end + tensor.bytes});
      end += tensor.bytes;
    }
    shard.header = encode_safetensors_header(entries, {{"format", "pt"}});
    shard.size = shard.header.size() + end;
    for (std::size_t e = 0; e < entries.size(); ++e) {
      PlannedTensor& tensor = plan.tensors[shard.tensors[e]];
      tensor.shard = s;
      tensor.offset = shard.header.size() + entries[e].begin;
    }
    plan.shards.push_back(std::move(shard));
  }
}

}  // namespace wootz
