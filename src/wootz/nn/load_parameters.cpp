#include "wootz/nn/load_parameters.h"

#include <fmt/ranges.h>

#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

Result<const TensorInfo*> find_tensor(const Checkpoint& checkpoint, const std::string& name) {
  const TensorInfo* found = checkpoint.find(name);
  if (found != nullptr) return found;
  return fail(ErrorKind::kInput, "{}: there is no tensor '{}', which its config.json promises", checkpoint.path(),
              name);
}

Result<at::Tensor> read_values(const Checkpoint& checkpoint, const TensorInfo& tensor, at::ScalarType type) {
  at::Tensor values = at::empty(std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end()), type);
  WOOTZ_RETURN_IF_ERROR(checkpoint.read(tensor, 0, bytes_of(values)));
  return values;
}

Result<at::Tensor> load_parameter(const Checkpoint& checkpoint, const ParameterSpec& spec) {
  WOOTZ_TRY(const TensorInfo* found, find_tensor(checkpoint, spec.name));
  const std::string& file = checkpoint.files()[found->file].name;
  if (found->shape != spec.shape)
    return fail(ErrorKind::kInput, "{}: {}: '{}' is [{}], but by config.json it should be [{}]", checkpoint.path(),
                file, spec.name, fmt::join(found->shape, ", "), fmt::join(spec.shape, ", "));
  const std::optional<at::ScalarType> type = scalar_type(found->dtype);
  if (!type)
    return fail(ErrorKind::kInput, "{}: {}: '{}' is {}; networks run on F32, F16, BF16 and F64", checkpoint.path(),
                file, spec.name, dtype_name(found->dtype));
  WOOTZ_TRY(const at::Tensor values, read_values(checkpoint, *found, *type));
  return values.to(at::kFloat);
}

}  // namespace

Result<at::Tensor> load_tensor(const Checkpoint& checkpoint, const std::string& name) {
  WOOTZ_TRY(const TensorInfo* found, find_tensor(checkpoint, name));
  const std::optional<at::ScalarType> type =
      found->dtype == Dtype::kU8 ? std::optional(at::kByte) : scalar_type(found->dtype);
  if (type) return read_values(checkpoint, *found, *type);
  return fail(ErrorKind::kInput, "{}: '{}' is {}, which no network keeps", checkpoint.path(), name,
              dtype_name(found->dtype));
}

Result<ParameterList> load_parameters(const Checkpoint& checkpoint, const Network& network) {
  ParameterList parameters;
  for (const ParameterSpec& spec : network.parameters()) {
    WOOTZ_TRY(at::Tensor values, load_parameter(checkpoint, spec));
    parameters.push_back(std::move(values));
  }
  return parameters;
}

}  // namespace wootz
