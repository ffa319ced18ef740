// Inner loops of transformer networks that a matrix product does not cover, forward and backward, in float32 with
// float32 or bfloat16 storage. Unlike the merge kernels they use fused multiply-add: results are equal for any number
// of threads, but only nearly equal from one instruction set to another. Each call is the work of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wootz::kernels {

/// How activations are stored; arithmetic is in float32.
enum class Activation { kFloat32, kBFloat16 };

/// One head of one sequence. Token t's values are at x + t * stride (elements).
struct AttentionShape {
  std::size_t queries = 0;
  std::size_t keys = 0;
  std::size_t valid = 0;         ///< the first so many keys count (padding follows); 1 to keys
  std::size_t head_size = 0;     ///< D
  std::size_t query_stride = 0;  ///< of q and its gradient
  std::size_t key_stride = 0;    ///< of k, v and their gradients
  std::size_t out_stride = 0;    ///< of the result and its gradient
  float scale = 1.0F;            ///< of the scores, 1 / sqrt(D)
  bool causal = false;           ///< query t sees keys 0..t
  Activation storage = Activation::kFloat32;
};

/// Working memory of one thread; grows to what is needed and is kept.
using Scratch = std::vector<float>;

/// out[t] = sum_s softmax_s(scale * <q[t], k[s]>) v[s]; log_sums[t] = log of the sum of exponents, for the way back.
void attention(const AttentionShape& shape, const void* q, const void* k, const void* v, void* out, float* log_sums,
               Scratch& scratch);

/// Gradients of q, k and v (overwritten) from that of out.
void attention_backward(const AttentionShape& shape, const void* q, const void* k, const void* v, const void* out,
                        const float* log_sums, const void* out_gradient, void* q_gradient, void* k_gradient,
                        void* v_gradient, Scratch& scratch);

/// y = z * sigmoid(1.702 z) with z = x + bias, row by row of `width` values. bias may be null.
void quick_gelu(Activation storage, const void* x, const float* bias, std::size_t rows, std::size_t width, void* y);

/// x_gradient = y_gradient * dy/dz (may be y_gradient itself); adds the column sums to bias_gradient unless null.
void quick_gelu_backward(Activation storage, const void* x, const float* bias, const void* y_gradient, std::size_t rows,
                         std::size_t width, void* x_gradient, float* bias_gradient);

/// stream += branch + bias (either may be null), then y = normalized(stream) * weight + offset, row by row; the mean
/// and 1 / deviation of each row are kept for the way back. The stream is float32. A bfloat16 branch may go with a
/// float32 y, but not the other way round.
struct LayerNormShape {
  std::size_t rows = 0;
  std::size_t width = 0;
  float epsilon = 1e-5F;
  Activation branch_storage = Activation::kFloat32;
  Activation storage = Activation::kFloat32;  ///< of y and its gradient
};
void add_layer_norm(const LayerNormShape& shape, const float* stream, const void* branch, const float* bias,
                    const float* weight, const float* offset, float* new_stream, void* y, float* mean,
                    float* inverse_deviation);

/// stream_gradient = (gradient of new_stream, if not null) + what comes through the norm. Adds to weight_gradient and
/// offset_gradient, and the column sums of stream_gradient to bias_gradient; each may be null.
void add_layer_norm_backward(const LayerNormShape& shape, const float* new_stream, const float* mean,
                             const float* inverse_deviation, const float* weight, const void* y_gradient,
                             const float* new_stream_gradient, float* stream_gradient, float* weight_gradient,
                             float* offset_gradient, float* bias_gradient);

}  // namespace wootz::kernels
