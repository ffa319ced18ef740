#include "wootz/adapt/device_vectors.h"

#include <algorithm>

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Products of a gradient with task vectors that are in memory together.
constexpr std::int64_t kProducts = std::int64_t{1} << 23;

}  // namespace

std::uint64_t DeviceVectors::bytes(const Network& network, std::size_t lanes) {
  std::uint64_t values = 0;
  for (const ParameterSpec& spec : network.parameters()) values += num_elements(spec.shape).value_or(0);
  return values * (lanes + 1) * sizeof(float);
}

Result<at::Tensor> load_parameter(const TaskVectors& vectors, const Network& network, ParameterIndex parameter) {
  const Shape& shape = network.parameters()[parameter].shape;
  std::vector<std::int64_t> sizes = {static_cast<std::int64_t>(vectors.lanes()) + 1};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  WOOTZ_TRY(at::Tensor all, guarded([&] { return at::empty(sizes, at::kFloat); }));
  WOOTZ_RETURN_IF_ERROR(vectors.load(parameter, 0, vectors.size(parameter), all.mutable_data_ptr<float>()));
  return all;
}

Result<DeviceVectors> DeviceVectors::load(const TaskVectors& vectors, const Network& network, at::Device device) {
  DeviceVectors loaded;
  for (ParameterIndex p = 0; p < network.parameters().size(); ++p) {
    WOOTZ_TRY(at::Tensor all, load_parameter(vectors, network, p));
    WOOTZ_TRY(all, guarded([&] { return all.to(device); }));
    loaded.all_.push_back(std::move(all));
  }
  return loaded;
}

at::Tensor DeviceVectors::merged(ParameterIndex parameter, const at::Tensor& coefficients) const {
  const at::Tensor& all = all_[parameter];
  const at::Tensor flat = all.flatten(1);
  return at::addmv(flat[0], flat.slice(0, 1).transpose(0, 1), coefficients).view(all.sizes().slice(1));
}

at::Tensor DeviceVectors::products(ParameterIndex parameter, const at::Tensor& gradient) const {
  const at::Tensor taus = all_[parameter].flatten(1).slice(0, 1);
  const at::Tensor flat = gradient.flatten();
  const std::int64_t most = std::max<std::int64_t>(1, kProducts / std::max<std::int64_t>(1, taus.size(0)));
  at::Tensor sums = at::zeros({taus.size(0)}, flat.options().dtype(at::kDouble));
  for (std::int64_t first = 0; first < flat.size(0); first += most) {
    const std::int64_t last = std::min(first + most, flat.size(0));
    sums += (taus.slice(1, first, last) * flat.slice(0, first, last)).sum(1, /*keepdim=*/false, at::kDouble);
  }
  return sums;
}

}  // namespace wootz
