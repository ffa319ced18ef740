// Cuts the outputs into shards and gives every tensor its places.
#pragma once

#include "wootz/engine/plan/plan.h"

namespace wootz {

/// Fills the shards of the outputs, and shard and offset of the tensors' places. Tensors keep their order; a shard is
/// closed when the next tensor would exceed `shard_size` bytes of data (as transformers does). Within a shard, tensors
/// of wider dtypes come first, so that every tensor is aligned to its item size.
void lay_out(MergePlan& plan, std::uint64_t shard_size);

}  // namespace wootz
