// A whole .safetensors file from memory.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "wootz/io/file.h"
#include "wootz/io/safetensors.h"

namespace wootz {

/// A tensor's stored bytes, little-endian, borrowed.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// Writes `path`.tmp with the tensors in the given order, syncs it and renames it to `path`: the file has the old or
/// the new content. Requires: as many bytes as dtype and shape say.
Result<> write_safetensors(FileSystem& files, const std::string& path, std::span<const StoredTensor> tensors,
                           const std::map<std::string, std::string>& metadata);

}  // namespace wootz
