#include "wootz/eval/save_logits.h"

#include <array>
#include <bit>

#include "wootz/io/write_safetensors.h"

namespace wootz {

Result<> save_logits(FileSystem& files, const std::string& path, const Evaluation& evaluation, std::size_t classes,
                     const std::map<std::string, std::string>& metadata) {
  static_assert(std::endian::native == std::endian::little);
  const std::vector<std::int64_t> labels(evaluation.labels.begin(), evaluation.labels.end());
  const std::array<StoredTensor, 2> tensors = {
      {{"logits", Dtype::kF32, {labels.size(), classes}, std::as_bytes(std::span(evaluation.logits))},
       {"labels", Dtype::kI64, {labels.size()}, std::as_bytes(std::span(labels))}}};
  WOOTZ_RETURN_IF_ERROR(files.create_directories(parent_path(path)));
  return write_safetensors(files, path, tensors, metadata);
}

}  // namespace wootz
