#include "wootz/nn/network_input.h"

#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

at::Tensor borrowed(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  // from_blob takes a mutable pointer, but nothing here writes through it.
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat);  // NOLINT
}

}  // namespace

NetworkInput network_input(const Batch& batch, at::Device device) {
  NetworkInput input;
  const auto size = static_cast<std::int64_t>(batch.size);
  if (batch.kind == InputKind::kImage) {
    input.pixels = borrowed(batch.pixels, {size, 3, batch.height, batch.width}).to(device);
    return input;
  }
  const auto length = static_cast<std::int64_t>(batch.length);
  auto* tokens = const_cast<std::int64_t*>(batch.tokens.data());    // NOLINT
  auto* lengths = const_cast<std::int64_t*>(batch.lengths.data());  // NOLINT
  input.tokens = at::from_blob(tokens, {size, length}, at::kLong).to(device);
  input.lengths = at::from_blob(lengths, {size}, at::kLong);
  return input;
}

NetworkInput slice_input(const NetworkInput& input, std::int64_t begin, std::int64_t end) {
  NetworkInput part;
  if (input.pixels.defined()) part.pixels = input.pixels.slice(0, begin, end);
  if (input.tokens.defined()) part.tokens = input.tokens.slice(0, begin, end);
  if (input.lengths.defined()) part.lengths = input.lengths.slice(0, begin, end);
  return part;
}

NetworkInput join_inputs(const std::vector<NetworkInput>& inputs) {
  if (inputs.size() == 1) return inputs.front();
  std::vector<at::Tensor> pixels, tokens, lengths;
  std::int64_t longest = 0;
  for (const NetworkInput& each : inputs)
    if (each.tokens.defined()) longest = std::max(longest, each.tokens.size(1));
  for (const NetworkInput& each : inputs) {
    if (each.pixels.defined()) pixels.push_back(each.pixels);
    if (!each.tokens.defined()) continue;
    tokens.push_back(at::constant_pad_nd(each.tokens, {0, longest - each.tokens.size(1)}));
    lengths.push_back(each.lengths);
  }
  if (!pixels.empty()) return {at::cat(pixels), {}, {}};
  return {{}, at::cat(tokens), at::cat(lengths)};
}

HeadTensors head_tensors(const Head& head, at::Device device) {
  HeadTensors tensors;
  const auto classes = static_cast<std::int64_t>(head.classes);
  const auto width = static_cast<std::int64_t>(head.feature_size);
  tensors.weight = borrowed(head.weight, {classes, width}).clone().to(device);
  if (!head.bias.empty()) tensors.bias = borrowed(head.bias, {classes}).clone().to(device);
  tensors.logit_scale = head.logit_scale;
  tensors.normalize = head.normalize;
  return tensors;
}

at::Tensor head_logits(const at::Tensor& features, const HeadTensors& head) {
  const at::Tensor unit = head.normalize ? features / features.norm(2, -1, true) : features;
  const at::Tensor logits = at::linear(unit, head.weight) * head.logit_scale;
  return head.bias.defined() ? logits + head.bias : logits;
}

}  // namespace wootz
