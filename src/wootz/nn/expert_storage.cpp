#include "wootz/nn/expert_storage.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "wootz/core/check.h"
#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

using ops::size_of;

constexpr std::int64_t kByteBits = 8;
constexpr std::array<std::string_view, 3> kStorageNames = {"dense", "sparse", "low_rank"};

// The largest magnitude that is not kept.
float threshold_of(const float* values, std::int64_t n, double keep) {
  std::vector<float> magnitudes(size_of(n));
  std::transform(values, values + n, magnitudes.begin(), [](float x) { return std::abs(x); });
  const auto position = static_cast<std::ptrdiff_t>(std::floor((1.0 - keep) * static_cast<double>(n - 1)));
  std::nth_element(magnitudes.begin(), magnitudes.begin() + position, magnitudes.end());
  return magnitudes[static_cast<std::size_t>(position)];
}

Result<at::Tensor> as_half(const at::Tensor& x) {
  at::Tensor half = x.to(at::kHalf);
  if (half.isfinite().all().item<bool>()) return half;
  return fail(ErrorKind::kInput, "a task vector has values that float16 cannot hold: write 'storage: dense'");
}

// W_0 in memory, and task vectors that stay as mask and values.
class SparseExperts : public ops::ExpertRows {
 public:
  SparseExperts(const at::Tensor& base, const StoredExperts& stored)
      : base_(base.to(at::kFloat).contiguous()), mask_(stored.mask.contiguous()), values_(stored.values.contiguous()) {
    const auto* mask = mask_.const_data_ptr<std::uint8_t>();
    const std::int64_t rows = experts() * out(), width = mask_bytes(in());
    starts_.reserve(size_of(rows) + 1);
    starts_.push_back(0);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::int64_t kept = 0;
      for (std::int64_t i = 0; i < width; ++i) kept += std::popcount(mask[row * width + i]);
      starts_.push_back(starts_.back() + kept);
    }
    WOOTZ_CHECK(starts_.back() == values_.numel());
  }
  std::int64_t experts() const override { return mask_.size(0); }
  std::int64_t out() const override { return base_.size(0); }
  std::int64_t in() const override { return base_.size(1); }

  void rows(std::int64_t first, std::int64_t rows, float* to) const override {
    const std::int64_t size = rows * in();
    std::memcpy(to, base_.const_data_ptr<float>() + first * in(), size_of(size) * sizeof(float));
    for (std::int64_t k = 0; k < experts(); ++k) {
      to += size;
      std::memset(to, 0, size_of(size) * sizeof(float));
      for (std::int64_t row = 0; row < rows; ++row) set_row(k * out() + first + row, to + row * in());
    }
  }

 private:
  void set_row(std::int64_t row, float* to) const {
    const std::int64_t width = mask_bytes(in());
    const auto* mask = mask_.const_data_ptr<std::uint8_t>() + row * width;
    const at::Half* value = values_.const_data_ptr<at::Half>() + starts_[size_of(row)];
    for (std::int64_t at = 0; at < width; at += 8) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, mask + at, size_of(std::min<std::int64_t>(8, width - at)));
      for (; bits != 0; bits &= bits - 1) to[at * kByteBits + std::countr_zero(bits)] = *value++;
    }
  }

  at::Tensor base_, mask_, values_;
  std::vector<std::int64_t> starts_;  ///< of each expert's rows, among the values
};

}  // namespace

std::string_view storage_name(ExpertStorage storage) { return kStorageNames[static_cast<std::size_t>(storage)]; }

std::optional<ExpertStorage> storage_named(std::string_view name) {
  const auto found = std::find(kStorageNames.begin(), kStorageNames.end(), name);
  if (found == kStorageNames.end()) return std::nullopt;
  return static_cast<ExpertStorage>(found - kStorageNames.begin());
}

std::uint64_t StoredExperts::bytes() const {
  std::uint64_t bytes = 0;
  for (const at::Tensor* each : {&dense, &mask, &values, &up, &down})
    if (each->defined()) bytes += each->nbytes();
  return bytes;
}

Result<StoredExperts> keep_largest(const at::Tensor& task_vectors, double keep) {
  WOOTZ_CHECK(task_vectors.dim() == 3 && task_vectors.is_contiguous() && task_vectors.scalar_type() == at::kFloat);
  const std::int64_t experts = task_vectors.size(0), out = task_vectors.size(1), in = task_vectors.size(2);
  StoredExperts stored;
  stored.storage = ExpertStorage::kSparse;
  stored.mask = at::zeros({experts, out, mask_bytes(in)}, at::kByte);
  std::vector<float> kept;
  for (std::int64_t k = 0; k < experts; ++k) {
    const float* values = task_vectors.const_data_ptr<float>() + k * out * in;
    auto* mask = stored.mask.mutable_data_ptr<std::uint8_t>() + k * out * mask_bytes(in);
    const float threshold = threshold_of(values, out * in, keep);
    for (std::int64_t i = 0; i < out * in; ++i) {
      if (!(std::abs(values[i]) > threshold)) continue;
      mask[i / in * mask_bytes(in) + i % in / kByteBits] |= static_cast<std::uint8_t>(1U << (i % in % kByteBits));
      kept.push_back(values[i]);
    }
  }
  WOOTZ_TRY(stored.values, as_half(at::from_blob(kept.data(), {static_cast<std::int64_t>(kept.size())}, at::kFloat)));
  return stored;
}

std::int64_t count_kept(const at::Tensor& mask, std::int64_t in) {
  const at::Tensor bytes = mask.contiguous();
  const auto* row = bytes.const_data_ptr<std::uint8_t>();
  const std::int64_t width = bytes.size(2), rows = bytes.numel() / std::max<std::int64_t>(width, 1);
  const unsigned beyond = in % kByteBits == 0 ? 0U : 0xFFU << (in % kByteBits) & 0xFFU;
  std::int64_t kept = 0;
  for (std::int64_t r = 0; r < rows; ++r, row += width) {
    if ((row[width - 1] & beyond) != 0) return -1;
    for (std::int64_t i = 0; i < width; ++i) kept += std::popcount(row[i]);
  }
  return kept;
}

Result<StoredExperts> keep_low_rank(const at::Tensor& task_vectors, std::int64_t rank) {
  const std::int64_t most = std::min(task_vectors.size(1), task_vectors.size(2));
  const auto [u, s, v] = at::linalg_svd(task_vectors, false);
  const std::int64_t kept = std::min(rank, most);
  const at::Tensor roots = s.slice(1, 0, kept).sqrt();
  StoredExperts stored;
  stored.storage = ExpertStorage::kLowRank;
  WOOTZ_TRY(stored.up, as_half((u.slice(2, 0, kept) * roots.unsqueeze(1)).contiguous()));
  WOOTZ_TRY(stored.down, as_half((v.slice(1, 0, kept) * roots.unsqueeze(2)).contiguous()));
  return stored;
}

at::Tensor largest_of_rows(const at::Tensor& biases, double keep) {
  at::Tensor kept = biases.clone();
  for (std::int64_t k = 0; k < kept.size(0); ++k) {
    const float threshold = threshold_of(kept[k].const_data_ptr<float>(), kept.size(1), keep);
    kept[k].masked_fill_(kept[k].abs().le(threshold), 0.0);
  }
  return kept;
}

RoutedMap routed_map(const at::Tensor& base, const StoredExperts& experts, const at::Tensor& biases) {
  RoutedMap map;
  map.biases = biases;
  switch (experts.storage) {
    case ExpertStorage::kDense:
      map.rows = ops::blocked_experts(*ops::dense_experts(base, experts.dense.unbind(0)));
      break;
    case ExpertStorage::kSparse:
      map.rows = std::make_shared<SparseExperts>(base, experts);
      break;
    case ExpertStorage::kLowRank:
      map.low_rank = {base, experts.down.to(base.scalar_type()), experts.up.to(base.scalar_type())};
      break;
  }
  return map;
}

}  // namespace wootz
