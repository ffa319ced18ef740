// How the task vectors of a routed map are kept, on disk and in memory alike: as they are, as the largest of them with
// a bit mask (E-WEMoE, arXiv 2410.21804), or as products of low rank. Torch types.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "wootz/core/result.h"
#include "wootz/nn/routing.h"

namespace wootz {

enum class ExpertStorage { kDense, kSparse, kLowRank };

/// Its name in recipes and in config.json, and the other way round.
std::string_view storage_name(ExpertStorage storage);
std::optional<ExpertStorage> storage_named(std::string_view name);

/// The task vectors [K, out, in] of one map.
struct StoredExperts {
  ExpertStorage storage = ExpertStorage::kDense;
  at::Tensor dense;     ///< [K, out, in]
  at::Tensor mask;      ///< [K, out, ceil(in / 8)] uint8, lowest bit first: which are kept
  at::Tensor values;    ///< [n] float16: those, in order
  at::Tensor up, down;  ///< [K, out, r] and [K, r, in] float16

  std::uint64_t bytes() const;
};

/// `task_vectors` [K, out, in] float32 on the CPU. In every T_k what is larger in magnitude than the quantile 1 - keep
/// of its magnitudes (interpolated, as torch.quantile) stays. Fails (kInput) where a value is too large for float16.
Result<StoredExperts> keep_largest(const at::Tensor& task_vectors, double keep);

/// The `rank` largest singular triplets of every T_k, the values' roots on both sides. Fails as keep_largest.
Result<StoredExperts> keep_low_rank(const at::Tensor& task_vectors, std::int64_t rank);

/// Bytes of a row of a mask.
constexpr std::int64_t mask_bytes(std::int64_t in) { return (in + 7) / 8; }

/// How many values a mask keeps, or -1 where it has bits behind the last column.
std::int64_t count_kept(const at::Tensor& mask, std::int64_t in);

/// A tensor [K, out] of biases with what is not kept at 0.
at::Tensor largest_of_rows(const at::Tensor& biases, double keep);

/// The experts as a map runs on them; base [out, in], biases [K + 1, out]. Sparse ones stay sparse.
RoutedMap routed_map(const at::Tensor& base, const StoredExperts& experts, const at::Tensor& biases);

}  // namespace wootz
