// Base and task vectors in a device's memory, where merging and inner products then happen: a GPU that waited for the
// processor to do them would wait most of a step. Torch types.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "wootz/adapt/task_vectors.h"
#include "wootz/nn/network.h"

namespace wootz {

/// A parameter of the base and of all task vectors, [K + 1, ...] float32 on the processor. `vectors` have the network's
/// parameters under their numbers.
Result<at::Tensor> load_parameter(const TaskVectors& vectors, const Network& network, ParameterIndex parameter);

class DeviceVectors {
 public:
  /// Bytes that the vectors of a network take.
  static std::uint64_t bytes(const Network& network, std::size_t lanes);

  static Result<DeviceVectors> load(const TaskVectors& vectors, const Network& network, at::Device device);

  /// theta_0 + sum_k coefficients[k] tau_k of a parameter, in its shape; coefficients [K] on the device.
  at::Tensor merged(ParameterIndex parameter, const at::Tensor& coefficients) const;

  /// <gradient, tau_k> [K], float64 on the device; added up in one order.
  at::Tensor products(ParameterIndex parameter, const at::Tensor& gradient) const;

 private:
  std::vector<at::Tensor> all_;  ///< of each parameter, [K + 1, ...] float32, the base first
};

}  // namespace wootz
