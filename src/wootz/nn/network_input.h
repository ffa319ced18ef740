// Batches and heads as torch's tensors.
#pragma once

#include "wootz/data/batch.h"
#include "wootz/nn/head.h"
#include "wootz/nn/network.h"

namespace wootz {

/// On the CPU the tensors borrow the batch's memory: it must outlive them.
NetworkInput network_input(const Batch& batch, at::Device device);

/// Items [begin, end); shares memory.
NetworkInput slice_input(const NetworkInput& input, std::int64_t begin, std::int64_t end);

/// Inputs one after the other. Shorter texts are padded with token 0, which does not count.
NetworkInput join_inputs(const std::vector<NetworkInput>& inputs);

struct HeadTensors {
  at::Tensor weight;  ///< [C, D]
  at::Tensor bias;    ///< [C], or undefined
  double logit_scale = 1.0;
  bool normalize = true;
};

HeadTensors head_tensors(const Head& head, at::Device device = at::kCPU);

/// [B, D] -> [B, C]; differentiable in the features.
at::Tensor head_logits(const at::Tensor& features, const HeadTensors& head);

}  // namespace wootz
