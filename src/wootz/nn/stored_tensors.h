// Torch's tensors as files have them. Torch types.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <string>

#include "wootz/io/write_safetensors.h"

namespace wootz {

/// Torch's name of a stored dtype that networks run on; nothing for the others.
std::optional<at::ScalarType> scalar_type(Dtype dtype);

/// The memory of a contiguous tensor on the CPU.
std::span<std::byte> bytes_of(const at::Tensor& x);

/// Borrows the memory of a contiguous tensor on the CPU. Requires: float64, float32, float16, bfloat16
/// or uint8.
StoredTensor stored_tensor(std::string name, const at::Tensor& x);

}  // namespace wootz
