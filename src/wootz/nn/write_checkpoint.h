// A checkpoint with some of its tensors changed. Torch types.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "wootz/io/checkpoint.h"

namespace wootz {

/// The new values of a tensor, of its shape, on any device and in any floating dtype; undefined where it stays.
/// Requires: a tensor that changes is stored in a dtype that networks run on.
using ChangedTensor = std::function<at::Tensor(const std::string& name)>;

/// Writes model.safetensors into `directory`: the tensors of `checkpoint` in its order and dtypes, changed ones
/// rounded, the others byte for byte. One tensor at a time is in memory.
Result<> write_changed_checkpoint(FileSystem& files, const Checkpoint& checkpoint, const ChangedTensor& changed,
                                  const std::string& directory);

}  // namespace wootz
