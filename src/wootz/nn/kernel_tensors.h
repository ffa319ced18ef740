// Internal to nn: torch's tensors as our kernels take them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

#include "wootz/kernels/network.h"

namespace wootz::ops {

/// Requires: float32 or bfloat16.
inline kernels::Activation activation_of(at::ScalarType type) {
  return type == at::kBFloat16 ? kernels::Activation::kBFloat16 : kernels::Activation::kFloat32;
}
inline kernels::Activation activation_of(const at::Tensor& x) { return activation_of(x.scalar_type()); }

/// A size as our kernels take it. Requires: it is not negative.
inline std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

/// The element at a flat offset of a contiguous tensor.
inline void* at_offset(const at::Tensor& x, std::int64_t offset) {
  return static_cast<std::byte*>(x.data_ptr()) + offset * static_cast<std::int64_t>(x.element_size());
}

inline const float* float_data(const at::Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

}  // namespace wootz::ops
