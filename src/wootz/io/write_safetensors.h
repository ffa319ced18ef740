// Writes a .safetensors file: tensor by tensor, or whole from memory.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/io/file.h"
#include "wootz/io/safetensors.h"

namespace wootz {

/// What a tensor will be, before its bytes are there.
struct TensorOutline {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
};

/// A tensor's stored bytes, little-endian, borrowed.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// A file that is written tensor by tensor, so that one of them at a time need be in memory. It is `path`.tmp until
/// finish() renames it: the path has the old or the new content. One that is not finished is removed.
class SafetensorsWriter {
 public:
  using Metadata = std::map<std::string, std::string>;

  /// Reserves the file's whole size. A value of `metadata` may still change in finish(), its length may not.
  static Result<std::unique_ptr<SafetensorsWriter>> create(FileSystem& files, const std::string& path,
                                                           std::vector<TensorOutline> tensors, Metadata metadata);
  SafetensorsWriter(const SafetensorsWriter&) = delete;
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;
  ~SafetensorsWriter();

  /// The next tensor. Requires: the next outline's name, dtype and shape, and as many bytes as they say.
  Result<> write(const StoredTensor& tensor);

  /// Writes the header, syncs and renames. Requires: all tensors are written.
  Result<> finish();
  /// The same, with a value that was not known before. Requires: a key of `metadata`, and a value as long as it had.
  Result<> finish(const std::string& key, const std::string& value);

 private:
  SafetensorsWriter(FileSystem& files, const std::string& path, Metadata metadata);
  std::string header() const { return encode_safetensors_header(entries_, metadata_); }

  FileSystem& files_;
  std::string path_, temporary_;
  Metadata metadata_;
  std::vector<SafetensorsEntry> entries_;
  std::uint64_t data_begin_ = 0;
  std::size_t written_ = 0;  ///< tensors
  std::unique_ptr<WritableFile> file_;
  bool is_finished_ = false;
};

/// Writes a whole file from memory, as SafetensorsWriter does.
Result<> write_safetensors(FileSystem& files, const std::string& path, std::span<const StoredTensor> tensors,
                           const std::map<std::string, std::string>& metadata);

}  // namespace wootz
