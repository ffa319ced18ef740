// The safetensors container: 8 bytes of little-endian header length, a JSON header, the tensors' data.
// docs/formats/safetensors.md states the rules; the parser is strict, and fails before any tensor is read.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/dtype.h"
#include "wootz/core/result.h"
#include "wootz/core/shape.h"

namespace wootz {

/// The cap on the JSON header, as in the reference implementation.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

struct SafetensorsEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::uint64_t begin = 0;  ///< first byte, relative to the end of the header
  std::uint64_t end = 0;    ///< one past the last byte

  std::uint64_t bytes() const { return end - begin; }
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;        ///< by offset
  std::map<std::string, std::string> metadata;  ///< "__metadata__"
};

/// Parses and checks the JSON text: a strict grammar (no duplicate keys, no trailing text, unsigned integers only),
/// known dtypes, sizes that equal shape x dtype without overflow, offsets that start at 0 and follow one another
/// without hole or overlap, and end at `data_bytes`. Errors name the tensor but not the file.
Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::uint64_t data_bytes);

/// The first bytes of a file: the length and the JSON, padded with spaces so that data start 8-byte aligned.
/// Requires: entries in offset order, contiguous from 0.
std::string encode_safetensors_header(std::span<const SafetensorsEntry> tensors,
                                      const std::map<std::string, std::string>& metadata);

}  // namespace wootz
