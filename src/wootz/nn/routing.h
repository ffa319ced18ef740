// Modules whose weights are merged anew for every input (WEMoE, arXiv 2402.00433; E-WEMoE, arXiv 2410.21804): what a
// network needs for them beside its own parameters. Torch types.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "wootz/nn/network.h"
#include "wootz/nn/routed_linear.h"

namespace wootz {

/// Gives the coefficients of K experts for a module's input: its last map's output, averaged over the tokens; no
/// softmax, any sign.
struct Router {
  /// Output bias [K]; or output weight [K, D] and bias; or hidden weight [H, D + C] and bias, output weight [K, H] and
  /// bias, with a ReLU between.
  std::vector<at::Tensor> parameters;
  at::Tensor code;  ///< [C] what tells a module from the others of a shared router, beside the input; or undefined

  bool needs_input() const { return parameters.size() > 1; }
};

/// input [B, T, D], lengths [B] tokens that count (undefined: all). Returns [B, K], in the parameters' dtype.
at::Tensor route(const Router& router, const at::Tensor& input, const at::Tensor& lengths);

/// Task vectors of rank r: T_k = up_k down_k.
struct LowRankExperts {
  at::Tensor base;  ///< W_0 [out, in]
  at::Tensor down;  ///< [K, r, in]
  at::Tensor up;    ///< [K, out, r]
};

/// Bytes of the float32 experts of all these modules, the base's own weights included.
std::uint64_t dense_bytes(const Network& network, const std::vector<std::size_t>& modules, std::size_t lanes);

/// One linear map of a routed module, y = W x + b with W and b merged for every sample.
struct RoutedMap {
  std::shared_ptr<const ops::ExpertRows> rows;  ///< null where the experts are of low rank
  LowRankExperts low_rank;
  at::Tensor biases;  ///< [K + 1, out]: the base's, then the task vectors'
};

/// x [B, T, in] or [B, in], coefficients [B, K]. Returns [B, T, out] or [B, out], in the dtype of x.
at::Tensor apply(const RoutedMap& map, const at::Tensor& x, const at::Tensor& coefficients, ops::RoutedPath path);

/// Weight [out, in] and bias [out], float64, for coefficients [K] that all inputs share.
struct MergedMap {
  at::Tensor weight;
  at::Tensor bias;
};
MergedMap merged(const RoutedMap& map, const at::Tensor& coefficients);

struct RoutedModule {
  Router router;
  std::vector<RoutedMap> maps;  ///< as in ModuleSpec::maps
};

/// On another device or in another dtype; rows of experts stay where they are, their users copy them.
RoutedMap moved(RoutedMap map, const at::TensorOptions& options);

/// With its rows in the device's memory, whole, where that is not the CPU's.
RoutedMap with_rows_on(RoutedMap map, at::Device device);

struct Routing {
  std::map<std::size_t, RoutedModule> modules;  ///< by their numbers in Network::modules()
  /// One merged weight for a whole batch, by its mean coefficients: an approximation that depends on the batch.
  bool batch_average = false;
  ops::RoutedPath path = ops::RoutedPath::kAuto;
  std::vector<at::Tensor> learned;  ///< the routers' parameters that gradients are wanted of
  /// Sees the coefficients [B, K] of every module that runs; may be empty.
  std::function<void(std::size_t module, const at::Tensor& coefficients)> observer;
};

}  // namespace wootz
