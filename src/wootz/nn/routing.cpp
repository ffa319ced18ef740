#include "wootz/nn/routing.h"

#include "wootz/core/check.h"
#include "wootz/nn/ops.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// W [x, code] + b without the concatenation.
at::Tensor hidden_layer(const Router& router, const at::Tensor& x) {
  const at::Tensor &weight = router.parameters[0], &bias = router.parameters[1];
  if (!router.code.defined()) return at::linear(x, weight, bias).relu();
  const std::int64_t width = x.size(-1);
  const at::Tensor shift = at::mv(weight.slice(1, width), router.code.to(weight.options()));
  return at::linear(x, weight.slice(1, 0, width), bias + shift).relu();
}

at::Tensor low_rank_linear(const LowRankExperts& experts, const at::Tensor& x, const at::Tensor& coefficients) {
  const std::int64_t rank = experts.down.size(1);
  const at::Tensor inner = at::linear(x, experts.down.flatten(0, 1));  // [B, T, K r]
  const at::Tensor weighted = inner * coefficients.repeat_interleave(rank, 1).unsqueeze(1);
  return at::linear(x, experts.base) + at::linear(weighted, experts.up.transpose(0, 1).flatten(1));
}

}  // namespace

at::Tensor route(const Router& router, const at::Tensor& input, const at::Tensor& lengths) {
  const std::vector<at::Tensor>& p = router.parameters;
  if (!router.needs_input()) return p[0].unsqueeze(0).expand({input.size(0), -1});
  at::Tensor x = input.to(p[0].scalar_type());
  if (p.size() == 4) x = hidden_layer(router, x);
  // The last map is linear: it may come after the mean.
  return at::linear(ops::mean_over_tokens(x, lengths), p[p.size() - 2], p.back());
}

std::uint64_t dense_bytes(const Network& network, const std::vector<std::size_t>& modules, std::size_t lanes) {
  std::uint64_t values = 0;
  for (const std::size_t module : modules)
    for (const LinearParameters& map : network.modules()[module].maps) {
      const Shape& shape = network.parameters()[map.weight].shape;
      values += shape[0] * shape[1];
    }
  return values * (lanes + 1) * sizeof(float);
}

at::Tensor apply(const RoutedMap& map, const at::Tensor& x, const at::Tensor& coefficients, ops::RoutedPath path) {
  const at::ScalarType type = map.biases.scalar_type();
  const at::Tensor tokens = (x.dim() == 2 ? x.unsqueeze(1) : x).to(type);
  const at::Tensor product = map.rows != nullptr ? ops::routed_linear(tokens, coefficients, map.rows, path)
                                                 : low_rank_linear(map.low_rank, tokens, coefficients);
  const at::Tensor bias = at::addmm(map.biases.slice(0, 0, 1), coefficients, map.biases.slice(0, 1));
  const at::Tensor y = (product + bias.unsqueeze(1)).to(x.scalar_type());
  return x.dim() == 2 ? y.squeeze(1) : y;
}

RoutedMap moved(RoutedMap map, const at::TensorOptions& options) {
  for (at::Tensor* each : {&map.biases, &map.low_rank.base, &map.low_rank.down, &map.low_rank.up})
    if (each->defined()) *each = each->to(options);
  return map;
}

RoutedMap with_rows_on(RoutedMap map, at::Device device) {
  if (map.rows != nullptr && !device.is_cpu()) map.rows = ops::device_experts(*map.rows, device);
  return map;
}

MergedMap merged(const RoutedMap& map, const at::Tensor& coefficients) {
  const at::Tensor c = coefficients.to(at::kDouble);
  const auto sum = [&c](const at::Tensor& all) {  // [K + 1, ...]
    return all[0] + at::tensordot(c, all.slice(0, 1), {0}, {0});
  };
  if (map.rows == nullptr) {
    const LowRankExperts& low = map.low_rank;
    const at::Tensor up = low.up.to(at::kDouble) * c.view({-1, 1, 1});
    return {low.base.to(at::kDouble) + at::bmm(up, low.down.to(at::kDouble)).sum(0), sum(map.biases.to(at::kDouble))};
  }
  return {sum(ops::all_rows(*map.rows).to(at::kDouble)), sum(map.biases.to(at::kDouble))};
}

}  // namespace wootz
