// Element types of stored tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wootz {

/// The element types a safetensors file can hold that Wootz knows.
enum class Dtype : std::uint8_t {
  kF64,
  kF32,
  kF16,
  kBF16,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool,
  kF8E4M3,
  kF8E5M2
};

/// Bytes of one element.
std::size_t item_size(Dtype dtype);

/// The safetensors name: "F32", "BF16", "BOOL", ...
std::string_view dtype_name(Dtype dtype);

/// The dtype of a safetensors name, or nothing.
std::optional<Dtype> dtype_from_name(std::string_view name);

/// The dtype of a recipe's word (mergekit's "float32", "float16", "bfloat16", also "float64", optional "torch."
/// prefix).
std::optional<Dtype> dtype_from_torch_name(std::string_view name);

/// torch's word for a floating dtype ("bfloat16"), as config.json spells it.
std::string_view torch_name(Dtype dtype);

/// Whether methods compute on it: F64, F32, F16 and BF16. Others are copied.
bool is_mergeable(Dtype dtype);

/// The narrowest of the mergeable dtypes that holds every value of both (torch's promotion).
Dtype promote(Dtype a, Dtype b);

}  // namespace wootz
