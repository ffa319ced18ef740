#include "wootz/io/checkpoint.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/io/checkpoint_files.h"
#include "wootz/io/json_scanner.h"
#include "wootz/io/safetensors_file.h"

namespace wootz {
namespace {

constexpr std::size_t kMaxListed = 3;

// "'a', 'b', 'c' and 7 more"
std::string some_of(const std::vector<std::string_view>& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxListed); ++i)
    list += fmt::format("{}{}", i == 0 ? "" : ", ", printable(names[i]));
  if (names.size() > kMaxListed) list += fmt::format(" and {} more", names.size() - kMaxListed);
  return list;
}

void append_tensors(std::vector<TensorInfo>& tensors, SafetensorsFile file, std::size_t file_index) {
  for (SafetensorsEntry& entry : file.header.tensors) {
    TensorInfo& tensor = tensors.emplace_back();
    tensor.name = std::move(entry.name);
    tensor.dtype = entry.dtype;
    tensor.shape = std::move(entry.shape);
    tensor.bytes = entry.end - entry.begin;
    tensor.size = tensor.bytes / item_size(entry.dtype);
    tensor.file = file_index;
    tensor.offset = file.data_begin + entry.begin;
  }
}

// Every tensor of the shards must be in the index, under the file that holds it, and the other way round.
Result<> check_index(const Checkpoint& checkpoint, const WeightFiles& weights) {
  std::vector<std::string_view> unlisted;
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    const std::string& file = weights.names[tensor.file];
    const auto listed = weights.index->weight_map.find(tensor.name);
    if (listed == weights.index->weight_map.end()) {
      unlisted.push_back(tensor.name);
    } else if (listed->second != file) {
      return fail(ErrorKind::kInput, "'{}': tensor {} is listed in {} but stored in {}", weights.index_path,
                  printable(tensor.name), printable(listed->second), printable(file));
    }
  }
  std::vector<std::string_view> absent;
  for (const auto& [tensor, file] : weights.index->weight_map)
    if (checkpoint.find(tensor) == nullptr) absent.push_back(tensor);
  if (!absent.empty())
    return fail(ErrorKind::kInput, "'{}': lists tensors that the shard {} does not hold: {}", weights.index_path,
                printable(weights.index->weight_map.at(std::string(absent.front()))), some_of(absent));
  if (!unlisted.empty())
    return fail(ErrorKind::kInput, "'{}': does not list tensors that the shard {} holds: {}", weights.index_path,
                printable(weights.names[checkpoint.find(unlisted.front())->file]), some_of(unlisted));
  return {};
}

}  // namespace

Result<Checkpoint> Checkpoint::open(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(const WeightFiles weights, find_weight_files(files, path));
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  checkpoint.directory_ = weights.directory;
  for (const std::string& name : weights.names) {
    WOOTZ_TRY(auto handle, files.open(join_path(weights.directory, name)));
    WOOTZ_TRY(SafetensorsFile file, read_safetensors_file(*handle));
    checkpoint.weight_files_.push_back({name, handle->size(), file.header_digest, handle->modified()});
    checkpoint.handles_.push_back(std::move(handle));
    append_tensors(checkpoint.tensors_, std::move(file), checkpoint.handles_.size() - 1);
  }
  if (checkpoint.tensors_.empty()) return fail(ErrorKind::kInput, "'{}': holds no tensors", path);

  checkpoint.by_name_.reserve(checkpoint.tensors_.size());
  for (std::size_t i = 0; i < checkpoint.tensors_.size(); ++i) {
    const TensorInfo& tensor = checkpoint.tensors_[i];
    const auto [place, added] = checkpoint.by_name_.try_emplace(tensor.name, i);
    if (!added)
      return fail(ErrorKind::kInput, "'{}': tensor {} is stored twice, in {} and in {}", path, printable(tensor.name),
                  printable(weights.names[checkpoint.tensors_[place->second].file]),
                  printable(weights.names[tensor.file]));
  }
  if (weights.index) WOOTZ_RETURN_IF_ERROR(check_index(checkpoint, weights));
  return checkpoint;
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

Result<> Checkpoint::read(const TensorInfo& tensor, std::uint64_t first, std::span<std::byte> out) const {
  WOOTZ_CHECK(first <= tensor.bytes && out.size() <= tensor.bytes - first);
  auto status = handles_[tensor.file]->read_at(tensor.offset + first, out);
  if (!status)
    return tl::unexpected(std::move(status).error().within(fmt::format("tensor {}", printable(tensor.name))));
  return {};
}

void Checkpoint::prefetch(const TensorInfo& tensor, std::uint64_t first, std::uint64_t length) const {
  handles_[tensor.file]->prefetch(tensor.offset + first, length);
}

}  // namespace wootz
