// Internal to nn: a checkpoint's tensors as a network's parameters.
#pragma once

#include "wootz/io/checkpoint.h"
#include "wootz/nn/network.h"

namespace wootz {

/// A tensor on the CPU as it is stored: F64, F32, F16, BF16 or U8. Fails (kInput) naming the file and the tensor that
/// is missing or of another dtype.
Result<at::Tensor> load_tensor(const Checkpoint& checkpoint, const std::string& name);

/// Float32 tensors on the CPU, in the order of network.parameters(). Fails (kInput) naming the file and the tensor that
/// is missing, of another shape or of no floating dtype.
Result<ParameterList> load_parameters(const Checkpoint& checkpoint, const Network& network);

}  // namespace wootz
