#include "support/checkpoint_builder.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "support/test_files.h"
#include "wootz/core/half.h"
#include "wootz/core/rng.h"
#include "wootz/io/checkpoint.h"
#include "wootz/io/shard_index.h"

namespace wootz::testing {
namespace {

template <typename T>
T unwrap(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

// Calls `use` with a value of the C++ type that stores the dtype; the 16-bit floats are told by `is_half`.
template <typename Use>
void with_storage_type(Dtype dtype, Use use) {
  switch (dtype) {
    case Dtype::kF64:
      return use(double{});
    case Dtype::kF32:
      return use(float{});
    case Dtype::kF16:
    case Dtype::kBF16:
      return use(std::uint16_t{});
    case Dtype::kI64:
      return use(std::int64_t{});
    case Dtype::kI32:
      return use(std::int32_t{});
    case Dtype::kI16:
      return use(std::int16_t{});
    case Dtype::kI8:
      return use(std::int8_t{});
    case Dtype::kU64:
      return use(std::uint64_t{});
    case Dtype::kU32:
      return use(std::uint32_t{});
    case Dtype::kU16:
      return use(std::uint16_t{});
    case Dtype::kU8:
    case Dtype::kBool:
      return use(std::uint8_t{});
    case Dtype::kF8E4M3:
    case Dtype::kF8E5M2:
      break;
  }
  throw std::runtime_error("no values for this dtype in tests");
}

template <typename T>
T to_stored(Dtype dtype, double value) {
  if constexpr (std::is_same_v<T, std::uint16_t>) {
    if (dtype == Dtype::kF16) return double_to_f16(value);
    if (dtype == Dtype::kBF16) return double_to_bf16(value);
  }
  if constexpr (std::is_integral_v<T>) {
    // The bounds as doubles may lie one past the type's range, so they are compared before the cast.
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
    return static_cast<T>(std::nearbyint(value));
  } else {
    return static_cast<T>(value);
  }
}

template <typename T>
double from_stored(Dtype dtype, T value) {
  if constexpr (std::is_same_v<T, std::uint16_t>) {
    if (dtype == Dtype::kF16) return f16_to_double(value);
    if (dtype == Dtype::kBF16) return bf16_to_double(value);
  }
  return static_cast<double>(value);
}

std::vector<SafetensorsEntry> layout(std::span<const TestTensor> tensors) {
  std::vector<SafetensorsEntry> entries;
  std::uint64_t offset = 0;
  for (const TestTensor& tensor : tensors) {
    entries.push_back({tensor.name, tensor.dtype, tensor.shape, offset, offset + tensor.bytes.size()});
    offset += tensor.bytes.size();
  }
  return entries;
}

}  // namespace

std::string encode_values(Dtype dtype, std::span<const double> values) {
  std::string bytes(values.size() * item_size(dtype), '\0');
  with_storage_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const T stored = to_stored<T>(dtype, values[i]);
      std::memcpy(bytes.data() + i * sizeof stored, &stored, sizeof stored);
    }
  });
  return bytes;
}

std::vector<double> decode_values(Dtype dtype, std::string_view bytes) {
  std::vector<double> values(bytes.size() / item_size(dtype));
  with_storage_type(dtype, [&](auto stored) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
      values[i] = from_stored(dtype, stored);
    }
  });
  return values;
}

TestTensor make_tensor(std::string name, Dtype dtype, Shape shape, const std::vector<double>& values) {
  if (num_elements(shape) != values.size()) throw std::runtime_error(name + ": values do not fill the shape");
  std::string bytes = encode_values(dtype, values);
  return {std::move(name), dtype, std::move(shape), std::move(bytes)};
}

TestTensor random_tensor(std::string name, Dtype dtype, Shape shape, std::uint64_t seed, double scale) {
  std::vector<double> values(num_elements(shape).value());
  const RngKey key = rng_key(seed, name, 0x7e57);
  // Box-Muller by hand: the standard library's distributions differ between implementations.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double u = (random_bits(key, 2 * i) + 1.0) / 4294967296.0;
    const double v = random_bits(key, 2 * i + 1) / 4294967296.0;
    values[i] = scale * std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }
  return make_tensor(std::move(name), dtype, std::move(shape), values);
}

void write_safetensors(const std::string& path, std::span<const TestTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::string bytes = encode_safetensors_header(layout(tensors), metadata);
  for (const TestTensor& tensor : tensors) bytes += tensor.bytes;
  write_file(path, bytes);
}

void write_checkpoint(const std::string& directory, const std::vector<TestTensor>& tensors, std::size_t shards) {
  write_file(directory + "/config.json", "{\n  \"model_type\": \"test\"\n}\n");
  ShardIndex index;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const std::size_t first = tensors.size() * shard / shards;
    const std::size_t last = tensors.size() * (shard + 1) / shards;
    const std::span part = std::span(tensors).subspan(first, last - first);
    const std::string name = shard_name(shard + 1, shards);
    write_safetensors(directory + "/" + name, part);
    for (const TestTensor& tensor : part) {
      index.weight_map[tensor.name] = name;
      index.total_size += tensor.bytes.size();
    }
  }
  if (shards > 1) write_file(directory + "/model.safetensors.index.json", encode_shard_index(index));
}

std::map<std::string, TestTensor> read_checkpoint(const std::string& path) {
  const Checkpoint checkpoint = unwrap(Checkpoint::open(posix_file_system(), path));
  std::map<std::string, TestTensor> tensors;
  for (const TensorInfo& info : checkpoint.tensors()) {
    std::string bytes(info.bytes, '\0');
    if (const auto read = checkpoint.read(info, 0, std::as_writable_bytes(std::span(bytes))); !read)
      throw std::runtime_error(read.error().message);
    tensors[info.name] = {info.name, info.dtype, info.shape, std::move(bytes)};
  }
  return tensors;
}

std::vector<double> read_tensor(const std::string& path, const std::string& name) {
  const auto tensors = read_checkpoint(path);
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw std::runtime_error(path + " holds no tensor " + name);
  return decode_values(found->second.dtype, found->second.bytes);
}

}  // namespace wootz::testing
