#include "wootz/engine/plan/layout.h"

#include <algorithm>

#include "wootz/io/shard_index.h"

namespace wootz {
namespace {

// The tensors of each shard of an output, in order.
std::vector<std::vector<std::size_t>> split(const std::vector<PlannedTensor>& tensors, std::size_t output,
                                            std::uint64_t shard_size) {
  std::vector<std::vector<std::size_t>> shards(1);
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].places[output]) continue;
    const std::uint64_t bytes = tensors[i].places[output]->bytes;
    if (!shards.back().empty() && filled + bytes > shard_size) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(i);
    filled += bytes;
  }
  return shards;
}

void lay_out_shard(MergePlan& plan, std::size_t output, std::size_t number, OutputShard& shard) {
  const auto place = [&](std::size_t tensor) -> PlannedPlace& { return *plan.tensors[tensor].places[output]; };
  std::stable_sort(shard.tensors.begin(), shard.tensors.end(),
                   [&](std::size_t a, std::size_t b) { return item_size(place(a).dtype) > item_size(place(b).dtype); });
  std::vector<SafetensorsEntry> entries;
  std::uint64_t end = 0;
  for (const std::size_t index : shard.tensors) {
    const PlannedTensor& tensor = plan.tensors[index];
    entries.push_back({tensor.name, place(index).dtype, tensor.shape, end, end + place(index).bytes});
    end += place(index).bytes;
  }
  shard.header = encode_safetensors_header(entries, {{"format", "pt"}});
  shard.size = shard.header.size() + end;
  for (std::size_t e = 0; e < entries.size(); ++e) {
    place(shard.tensors[e]).shard = number;
    place(shard.tensors[e]).offset = shard.header.size() + entries[e].begin;
  }
}

}  // namespace

void lay_out(MergePlan& plan, std::uint64_t shard_size) {
  for (std::size_t output = 0; output < plan.outputs.size(); ++output) {
    auto groups = split(plan.tensors, output, shard_size);
    std::vector<OutputShard>& shards = plan.outputs[output].shards;
    shards.clear();
    for (std::size_t s = 0; s < groups.size(); ++s) {
      OutputShard& shard = shards.emplace_back();
      shard.name = shard_name(s + 1, groups.size());
      shard.tensors = std::move(groups[s]);
      lay_out_shard(plan, output, s, shard);
    }
  }
}

}  // namespace wootz
