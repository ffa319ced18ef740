// The operations of transformer blocks that torch has no fused form of, differentiable. On the CPU in float32 and
// bfloat16 they run our kernels (kernels/network.h); elsewhere, and in float64, they are composed of torch's own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

namespace wootz::ops {

struct AttentionOptions {
  std::int64_t heads = 1;
  bool causal = false;  ///< a token sees itself and earlier ones
  at::Tensor lengths;   ///< [B] int64 on the CPU: keys that count; undefined: all
};

/// Every token attends: softmax(q k^T / sqrt(D / heads)) v for each head. qkv [B, T, 3 D], contiguous: q, k and v side
/// by side. Returns [B, T, D].
at::Tensor self_attention(const at::Tensor& qkv, const AttentionOptions& options);

/// Some tokens attend to all. q [B, Q, D], kv [B, T, 2 D], both contiguous. Returns [B, Q, D]. Requires: not causal.
at::Tensor query_attention(const at::Tensor& q, const at::Tensor& kv, const AttentionOptions& options);

/// z sigmoid(1.702 z), z = x + bias (undefined: none).
at::Tensor quick_gelu(const at::Tensor& x, const at::Tensor& bias);

/// z Phi(z), z = x + bias (undefined: none); the exact form.
at::Tensor gelu(const at::Tensor& x, const at::Tensor& bias);

/// x [B, T, D] -> [B, D], over the first lengths[b] tokens (undefined: all).
at::Tensor mean_over_tokens(const at::Tensor& x, const at::Tensor& lengths);

/// What a layer norm after a residual branch gives.
struct Normed {
  at::Tensor stream;  ///< stream + branch + bias, float32
  at::Tensor y;       ///< normalized, scaled and shifted
};

/// The residual stream takes in a branch (undefined: none) with its bias, and is normalized. y has the dtype `out`.
Normed add_layer_norm(const at::Tensor& stream, const at::Tensor& branch, const at::Tensor& bias,
                      const at::Tensor& weight, const at::Tensor& offset, double epsilon, at::ScalarType out);

}  // namespace wootz::ops
