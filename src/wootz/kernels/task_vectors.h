// The two inner loops of adaptive merging (AdaMerging, arXiv 2310.02575), on blocks of one tensor: merged weights from
// stored checkpoints, and inner products of a weight gradient with the task vectors. Both stream: every lane is read
// once, base and gradient once if they stay in cache meanwhile (blocks of about 16k elements). Like the network kernels
// they use fused multiply-add: results are equal for any number of threads, but only nearly equal from one instruction
// set to another. Each call is the work of one thread and allocates nothing.
#pragma once

#include <cstddef>
#include <span>

#include "wootz/core/dtype.h"
#include "wootz/kernels/network.h"

namespace wootz::kernels {

/// One model's stored values of a block: little-endian F32, F16 or BF16, any alignment.
struct StoredLane {
  Dtype dtype = Dtype::kF32;
  const std::byte* values = nullptr;
  bool is_difference = false;  ///< they are tau_k itself; otherwise theta_k, and tau_k = theta_k - theta_0
};

/// out[i] = base[i] + sum_k weights[k] * tau_k[i] in float32, the sum taken first, in order of k; out is stored as
/// float32 or rounded to bfloat16. How a tensor is cut into blocks does not matter. A lane of weight 0 is not read:
/// it is no part of the sum even where its values are not finite.
void merge_stored(const float* base, std::span<const StoredLane> lanes, std::span<const float> weights,
                  Activation storage, void* out, std::size_t n);

/// products[k] += <gradient, tau_k>. tau_k is taken in float32 first (theta_k - theta_0 cancels); products are summed
/// in float32 over short runs and in double beyond, in an order that is the block's alone: a lane's product does not
/// depend on the lanes beside it. base may be null where every lane is a difference.
void stored_products(const float* gradient, const float* base, std::span<const StoredLane> lanes, std::size_t n,
                     std::span<double> products);

/// The same in double, for verification; lanes may be F64 too.
void merge_stored(const double* base, std::span<const StoredLane> lanes, std::span<const double> weights, double* out,
                  std::size_t n);
void stored_products(const double* gradient, const double* base, std::span<const StoredLane> lanes, std::size_t n,
                     std::span<double> products);

/// Stored F32, F16, BF16 (exact) or F64 (rounded) elements, any alignment, as float32.
void widen(Dtype dtype, const std::byte* stored, std::size_t n, float* out);

}  // namespace wootz::kernels
