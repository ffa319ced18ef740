// Internal to nn: our kernels as differentiable functions of torch's tensors (float32 or bfloat16, on the CPU).
#pragma once

#include "wootz/nn/ops.h"

namespace wootz::ops {

/// With q undefined, kv holds q, k and v side by side; see self_attention and query_attention.
at::Tensor kernel_attention(const at::Tensor& q, const at::Tensor& kv, const AttentionOptions& options);

at::Tensor kernel_quick_gelu(const at::Tensor& x, const at::Tensor& bias);

Normed kernel_add_layer_norm(const at::Tensor& stream, const at::Tensor& branch, const at::Tensor& bias,
                             const at::Tensor& weight, const at::Tensor& offset, double epsilon, at::ScalarType out);

}  // namespace wootz::ops
