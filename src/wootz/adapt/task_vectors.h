// Base and task vectors of a merge, read from the checkpoints block by block whenever they are needed: no expert is in
// memory. Torch-free.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/engine/plan/plan.h"
#include "wootz/engine/run/progress.h"
#include "wootz/kernels/network.h"

namespace wootz {

/// Writes the task vectors of a pipeline with transforms to files, one float32 checkpoint a lane under `directory`, and
/// returns their folders. One merge makes them all; if they are there already, nothing is done. Without transforms
/// there is nothing to write, and the list is empty.
Result<std::vector<std::string>> write_task_vectors(FileSystem& files, const MergePlan& plan,
                                                    const std::string& directory, std::size_t threads,
                                                    const ProgressCallback& progress);

/// Thread-safe; every call works on all of torch's threads. Results do not depend on their number.
class TaskVectors {
 public:
  /// `names` become the tensors' numbers; all must be merged by the plan. `written`: see write_task_vectors. The plan
  /// must outlive it.
  static Result<std::unique_ptr<TaskVectors>> open(FileSystem& files, const MergePlan& plan,
                                                   const std::vector<std::string>& names,
                                                   const std::vector<std::string>& written);

  std::size_t lanes() const { return lanes_; }
  std::uint64_t size(std::size_t tensor) const { return tensors_[tensor].size; }

  /// Elements first .. first + size - 1 of a tensor: theta_0, then every tau_k; out [K + 1, size].
  Result<> load(std::size_t tensor, std::uint64_t first, std::uint64_t size, float* out) const;

  /// out = theta_0 + sum_k coefficients[k] tau_k.
  struct Merged {
    std::size_t tensor = 0;
    std::span<const double> coefficients;  ///< [K]
    void* out = nullptr;                   ///< size(tensor) numbers
  };
  Result<> merge(std::span<const Merged> work, kernels::Activation storage) const;
  Result<> merge_wide(std::span<const Merged> work) const;  ///< `out` are doubles; for verification

  /// products[k] = <gradient, tau_k>.
  struct Product {
    std::size_t tensor = 0;
    const void* gradient = nullptr;  ///< size(tensor) floats
    std::span<double> products;      ///< [K]
  };
  Result<> products(std::span<const Product> work) const;
  Result<> products_wide(std::span<const Product> work) const;  ///< gradients are doubles; for verification

 private:
  struct Lane {
    std::size_t index = 0;                   ///< k
    const Checkpoint* checkpoint = nullptr;  ///< of theta_k, or of tau_k itself
    const TensorInfo* tensor = nullptr;
    bool is_difference = false;
  };
  struct Tensor {
    std::uint64_t size = 0;
    const TensorInfo* base = nullptr;
    std::vector<Lane> lanes;  ///< those that differ from the base
  };
  template <typename Real>
  struct Block;
  template <typename Real>
  Result<> merge_any(std::span<const Merged> work, kernels::Activation storage) const;
  template <typename Real>
  Result<> products_any(std::span<const Product> work) const;

  const Checkpoint* base_ = nullptr;
  std::vector<Checkpoint> written_;
  std::vector<Tensor> tensors_;
  std::size_t lanes_ = 0;
};

}  // namespace wootz
