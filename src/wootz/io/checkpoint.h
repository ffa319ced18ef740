// A model on disk: a Hugging Face directory (model.safetensors, or shards with an index), or one .safetensors file.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wootz/io/file.h"
#include "wootz/io/safetensors.h"

namespace wootz {

/// One stored tensor.
struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::uint64_t size = 0;    ///< elements
  std::uint64_t bytes = 0;   ///< size x item_size(dtype)
  std::size_t file = 0;      ///< index into Checkpoint::files()
  std::uint64_t offset = 0;  ///< of the first byte, in the file
};

/// One weight file of a checkpoint.
struct WeightFile {
  std::string name;           ///< "model-00001-of-00002.safetensors"
  std::uint64_t size = 0;     ///< bytes
  std::string header_digest;  ///< bytes_digest of the length and the JSON header
  std::int64_t modified = 0;  ///< nanoseconds since the epoch
};

/// Opened from headers alone; files stay open. Movable; reads are thread-safe.
class Checkpoint {
 public:
  /// Opens a directory, a .safetensors file, or an index. In a directory an index wins over a single file; one other
  /// index or .safetensors file will do as well. Fails (kInput) with one error that names the file and tensor: nothing
  /// there, only formats Wootz does not read (says how to convert), an index that disagrees with its shards, a broken
  /// header.
  static Result<Checkpoint> open(FileSystem& files, const std::string& path);

  /// As given to open.
  const std::string& path() const { return path_; }
  /// The folder that holds config.json and the like.
  const std::string& directory() const { return directory_; }
  const std::vector<WeightFile>& files() const { return weight_files_; }
  /// In storage order: by file, then by offset.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  /// nullptr when there is none of that name.
  const TensorInfo* find(std::string_view name) const;

  /// Fills `out` with stored bytes of a tensor, from its byte `first`.
  Result<> read(const TensorInfo& tensor, std::uint64_t first, std::span<std::byte> out) const;
  void prefetch(const TensorInfo& tensor, std::uint64_t first, std::uint64_t length) const;

 private:
  std::string path_;
  std::string directory_;
  std::vector<WeightFile> weight_files_;
  std::vector<std::unique_ptr<ReadableFile>> handles_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // keys view into tensors_
};

/// Where a recipe's model reference lives: a local path (looked up from `recipe_directory`, then from the working
/// directory), or a Hub name ("org/model", optional "@revision") in the local Hugging Face cache
/// ($HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or ~/.cache/huggingface/hub: the first whose variable
/// is set). Nothing is downloaded: an unknown reference is an error (kInput) that lists where it was looked for.
Result<std::string> locate_model(FileSystem& files, const std::string& reference, const std::string& recipe_directory);

}  // namespace wootz
