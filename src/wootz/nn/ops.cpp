#include "wootz/nn/ops.h"

#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>

#include <optional>

#include "wootz/nn/kernel_functions.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

bool has_kernels(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

// [B, T, heads * D] -> [B, heads, T, D]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
}

// [B, 1, 1 or Q, T], true where a query must not look; undefined when it may look everywhere.
at::Tensor hidden_keys(const AttentionOptions& options, std::int64_t queries, std::int64_t keys, at::Device device) {
  at::Tensor hidden;
  const at::Tensor positions = at::arange(keys, at::TensorOptions(device).dtype(at::kLong));
  if (options.lengths.defined())
    hidden = positions.unsqueeze(0).ge(options.lengths.to(device).unsqueeze(1)).unsqueeze(1).unsqueeze(1);
  if (options.causal) {
    const at::Tensor later = positions.slice(0, 0, queries).unsqueeze(1).lt(positions.unsqueeze(0));
    hidden = hidden.defined() ? hidden.logical_or(later) : later;
  }
  return hidden;
}

at::Tensor composed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const AttentionOptions& options) {
  const at::Tensor queries = split_heads(q, options.heads);
  const at::Tensor keys = split_heads(k, options.heads);
  const at::Tensor hidden = hidden_keys(options, q.size(1), k.size(1), q.device());
  std::optional<at::Tensor> seen;
  if (hidden.defined()) seen = hidden.logical_not();
  return at::scaled_dot_product_attention(queries, keys, split_heads(v, options.heads), seen)
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor with_bias(const at::Tensor& x, const at::Tensor& bias) {
  return bias.defined() ? x + bias.to(x.scalar_type()) : x;
}

}  // namespace

at::Tensor self_attention(const at::Tensor& qkv, const AttentionOptions& options) {
  if (has_kernels(qkv)) return kernel_attention({}, qkv, options);
  const auto parts = qkv.chunk(3, -1);
  return composed_attention(parts[0], parts[1], parts[2], options);
}

at::Tensor query_attention(const at::Tensor& q, const at::Tensor& kv, const AttentionOptions& options) {
  if (has_kernels(q)) return kernel_attention(q, kv, options);
  const auto parts = kv.chunk(2, -1);
  return composed_attention(q, parts[0], parts[1], options);
}

at::Tensor quick_gelu(const at::Tensor& x, const at::Tensor& bias) {
  constexpr double kSlope = 1.702;
  if (has_kernels(x)) return kernel_quick_gelu(x, bias);
  return at::silu(with_bias(x, bias) * kSlope) / kSlope;  // z sigmoid(1.702 z), keeping one tensor for the way back
}

at::Tensor gelu(const at::Tensor& x, const at::Tensor& bias) { return at::gelu(with_bias(x, bias)); }

at::Tensor mean_over_tokens(const at::Tensor& x, const at::Tensor& lengths) {
  if (!lengths.defined()) return x.mean(1);
  const at::Tensor counts = lengths.to(x.device()).unsqueeze(1);
  const at::Tensor positions = at::arange(x.size(1), counts.options()).unsqueeze(0);
  const at::Tensor weights = positions.lt(counts).to(x.scalar_type()) / counts;
  return at::bmm(weights.unsqueeze(1), x).squeeze(1);
}

Normed add_layer_norm(const at::Tensor& stream, const at::Tensor& branch, const at::Tensor& bias,
                      const at::Tensor& weight, const at::Tensor& offset, double epsilon, at::ScalarType out) {
  if (has_kernels(stream)) return kernel_add_layer_norm(stream, branch, bias, weight, offset, epsilon, out);
  at::Tensor sum = stream;
  if (branch.defined()) sum = sum + branch;
  if (bias.defined()) sum = sum + bias;
  return {sum, at::layer_norm(sum, {sum.size(-1)}, weight, offset, epsilon).to(out)};
}

}  // namespace wootz::ops
