#include "wootz/nn/write_checkpoint.h"

#include "wootz/core/check.h"
#include "wootz/nn/device.h"
#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

Result<at::Tensor> output(const Checkpoint& checkpoint, const TensorInfo& tensor, const ChangedTensor& changed) {
  if (const at::Tensor values = changed(tensor.name); values.defined()) {
    const std::optional<at::ScalarType> type = scalar_type(tensor.dtype);
    WOOTZ_CHECK(type.has_value() && Shape(values.sizes().begin(), values.sizes().end()) == tensor.shape);
    return values.detach().cpu().to(*type).contiguous();
  }
  at::Tensor bytes = at::empty({static_cast<std::int64_t>(tensor.bytes)}, at::kByte);
  WOOTZ_RETURN_IF_ERROR(checkpoint.read(tensor, 0, bytes_of(bytes)));
  return bytes;
}

}  // namespace

Result<> write_changed_checkpoint(FileSystem& files, const Checkpoint& checkpoint, const ChangedTensor& changed,
                                  const std::string& directory) {
  std::vector<TensorOutline> outlines;
  for (const TensorInfo& tensor : checkpoint.tensors()) outlines.push_back({tensor.name, tensor.dtype, tensor.shape});
  WOOTZ_TRY(const auto writer, SafetensorsWriter::create(files, join_path(directory, "model.safetensors"),
                                                         std::move(outlines), {{"format", "pt"}}));
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    WOOTZ_TRY(const at::Tensor bytes, guarded_result([&] { return output(checkpoint, tensor, changed); }));
    WOOTZ_RETURN_IF_ERROR(writer->write({tensor.name, tensor.dtype, tensor.shape, bytes_of(bytes)}));
  }
  return writer->finish();
}

}  // namespace wootz
