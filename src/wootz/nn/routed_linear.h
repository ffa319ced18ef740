// The linear map whose weight is merged anew for every sample (WEMoE, arXiv 2402.00433), exact and differentiable, and
// about as fast as an ordinary linear map: no merged weight ever exists as a whole, and every expert is read once for a
// batch. On the CPU in float32 it runs our kernels (kernels/routed.h); elsewhere, and in float64, torch's operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace wootz::ops {

/// Where rows of the experts come from: W_0 and the task vectors T_1 .. T_K, each [out, in]. They must be finite.
class ExpertRows {
 public:
  virtual ~ExpertRows() = default;
  virtual std::int64_t experts() const = 0;  ///< K
  virtual std::int64_t out() const = 0;
  virtual std::int64_t in() const = 0;

  /// Rows first .. first+rows-1 of W_0 and of every T_k as float32: out [K + 1, rows, in], contiguous, W_0 first.
  /// Called by several threads at once.
  virtual void rows(std::int64_t first, std::int64_t rows, float* out) const = 0;

  /// Expert 0 is W_0, expert k is T_k. Not null (for all, or for none) where they lie in memory as contiguous float32,
  /// so that nothing need be copied.
  virtual const float* dense(std::int64_t /*expert*/) const { return nullptr; }

  /// Not null where all lie in memory in the order in which tiles read them: [out / 16, rounded up][in][K + 1][16 rows
  /// of out], zeros behind the last row.
  virtual const float* blocks() const { return nullptr; }

  /// Defined where all lie in a device's memory: [K + 1, out, in] float32, W_0 first.
  virtual at::Tensor on_device() const { return {}; }
};

/// Experts in memory, kept as float32. Requires: equal shapes [out, in], on the CPU.
std::shared_ptr<ExpertRows> dense_experts(const at::Tensor& base, const std::vector<at::Tensor>& task_vectors);

/// A copy in memory in the order in which tiles read them: worth it where the same experts are used again and again, as
/// in adaptation. With dense experts, whose rows lie far apart, a batch of few samples waits for memory.
std::shared_ptr<ExpertRows> blocked_experts(const ExpertRows& source);

/// All rows: [K + 1, out, in] float32 on the CPU, W_0 first.
at::Tensor all_rows(const ExpertRows& experts);

/// A copy in a device's memory.
std::shared_ptr<ExpertRows> device_experts(const ExpertRows& source, at::Device device);

/// How the map is computed; the results differ by rounding only.
enum class RoutedPath {
  kAuto,        ///< as choose_path says
  kTiled,       ///< tiles of every sample's weight, merged in cache and multiplied at once
  kFactored,    ///< K + 1 ordinary products, each weighted by its coefficient; keeps K results for the way back
  kDefinition,  ///< a merged weight per sample in memory
  kGrouped,     ///< as kTiled, but samples with the very same coefficients share a merged weight
  kMerged,      ///< as the definition, for some samples at a time, which are merged again on the way back
};

/// About what kMerged takes for a moment, bytes: merged weights, and on the way back their gradients.
inline constexpr std::uint64_t kMergedMemory = std::uint64_t{3} << 28;

/// What the choice depends on.
struct RoutedShape {
  std::int64_t samples = 0;
  std::int64_t tokens = 0;   ///< per sample
  std::int64_t experts = 0;  ///< K
  std::int64_t groups = 0;   ///< of samples with the very same coefficients
  bool has_kernels = true;   ///< float32 on the CPU
  bool is_dense = true;      ///< the experts are dense ones
  bool is_wide = false;      ///< float64
};

/// Never kAuto. In float64 kDefinition; without kernels kMerged, or kFactored for few tokens, as below; where
/// coefficients coincide (or there are none) kGrouped; where merging costs more than K + 1 products do, that is with
/// dense experts and a token per sample, or 32 in all, kFactored; otherwise kTiled.
RoutedPath choose_path(const RoutedShape& shape);

/// y[b, t] = W_b x[b, t] with W_b = W_0 + sum_k c[b, k] T_k. x [B, T, in], coefficients [B, K]; returns [B, T, out].
/// Differentiable in x and in the coefficients. kTiled and kGrouped give the same bits for any number of threads, and
/// as one another. They hold a copy of x or of y's gradient meanwhile; on the way back also of experts that are neither
/// dense nor blocked.
/// Requires: x and the coefficients are float32 or both float64 (which only kAuto and kDefinition take).
at::Tensor routed_linear(const at::Tensor& x, const at::Tensor& coefficients, std::shared_ptr<const ExpertRows> experts,
                         RoutedPath path = RoutedPath::kAuto);

}  // namespace wootz::ops
