#include "wootz/io/write_safetensors.h"

#include "wootz/core/check.h"

namespace wootz {
namespace {

Result<> write_all(WritableFile& file, const std::string& header, std::span<const StoredTensor> tensors,
                   std::uint64_t size) {
  WOOTZ_RETURN_IF_ERROR(file.allocate(size));
  WOOTZ_RETURN_IF_ERROR(file.write_at(0, std::as_bytes(std::span(header))));
  std::uint64_t offset = header.size();
  for (const StoredTensor& tensor : tensors) {
    WOOTZ_RETURN_IF_ERROR(file.write_at(offset, tensor.bytes));
    offset += tensor.bytes.size();
  }
  return file.sync();
}

}  // namespace

Result<> write_safetensors(FileSystem& files, const std::string& path, std::span<const StoredTensor> tensors,
                           const std::map<std::string, std::string>& metadata) {
  std::vector<SafetensorsEntry> entries;
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    std::uint64_t elements = 1;
    for (const std::uint64_t dimension : tensor.shape) elements *= dimension;
    WOOTZ_CHECK(tensor.bytes.size() == elements * item_size(tensor.dtype));
    entries.push_back({tensor.name, tensor.dtype, tensor.shape, end, end + tensor.bytes.size()});
    end += tensor.bytes.size();
  }
  const std::string header = encode_safetensors_header(entries, metadata);
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Result<> {
    WOOTZ_TRY(const std::unique_ptr<WritableFile> file, files.open_for_write(temporary));
    return write_all(*file, header, tensors, header.size() + end);
  };
  if (Result<> written = write(); !written) {
    std::ignore = files.remove_all(temporary);  // the write error is the one to report
    return written;
  }
  WOOTZ_RETURN_IF_ERROR(files.rename(temporary, path));
  return files.sync_directory(parent_path(path));
}

}  // namespace wootz
