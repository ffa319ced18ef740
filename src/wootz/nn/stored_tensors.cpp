#include "wootz/nn/stored_tensors.h"

#include "wootz/core/check.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {

std::optional<at::ScalarType> scalar_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return at::kDouble;
    case Dtype::kF32:
      return at::kFloat;
    case Dtype::kF16:
      return at::kHalf;
    case Dtype::kBF16:
      return at::kBFloat16;
    default:
      return std::nullopt;
  }
}

std::span<std::byte> bytes_of(const at::Tensor& x) {
  WOOTZ_CHECK(x.is_cpu() && x.is_contiguous());
  return {static_cast<std::byte*>(x.data_ptr()), x.nbytes()};
}

StoredTensor stored_tensor(std::string name, const at::Tensor& x) {
  if (x.scalar_type() == at::kByte)
    return {std::move(name), Dtype::kU8, Shape(x.sizes().begin(), x.sizes().end()), bytes_of(x)};
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16})
    if (scalar_type(dtype) == x.scalar_type())
      return {std::move(name), dtype, Shape(x.sizes().begin(), x.sizes().end()), bytes_of(x)};
  WOOTZ_CHECK(false);
  return {};
}

}  // namespace wootz
