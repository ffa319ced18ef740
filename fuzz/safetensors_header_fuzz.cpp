// An input is a line with the number of data bytes, then the JSON header: "8\n{\"a\":...}".
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wootz/core/check.h"
#include "wootz/io/safetensors.h"

namespace {

void check_layout(const wootz::SafetensorsHeader& header, std::uint64_t data_bytes) {
  std::uint64_t offset = 0;
  for (const wootz::SafetensorsEntry& entry : header.tensors) {
    WOOTZ_CHECK(entry.begin == offset && entry.end >= entry.begin);
    WOOTZ_CHECK(entry.bytes() == wootz::num_elements(entry.shape).value() * wootz::item_size(entry.dtype));
    offset = entry.end;
  }
  WOOTZ_CHECK(offset == data_bytes);
}

// What the parser accepts, the encoder writes and the parser reads back alike.
void check_round_trip(const wootz::SafetensorsHeader& header, std::uint64_t data_bytes) {
  const std::string encoded = wootz::encode_safetensors_header(header.tensors, header.metadata);
  const auto again = wootz::parse_safetensors_header(std::string_view(encoded).substr(8), data_bytes);
  WOOTZ_CHECK(again.has_value());
  WOOTZ_CHECK(again->metadata == header.metadata);
  WOOTZ_CHECK(again->tensors.size() == header.tensors.size());
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    const wootz::SafetensorsEntry& a = header.tensors[i];
    const wootz::SafetensorsEntry& b = again->tensors[i];
    WOOTZ_CHECK(a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && a.begin == b.begin && a.end == b.end);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::uint64_t data_bytes = 0;
  const std::size_t line = input.find('\n');
  if (line == input.npos) return 0;
  std::from_chars(input.data(), input.data() + line, data_bytes);
  const auto header = wootz::parse_safetensors_header(input.substr(line + 1), data_bytes);
  if (!header) {
    WOOTZ_CHECK(header.error().kind == wootz::ErrorKind::kInput && !header.error().message.empty());
    return 0;
  }
  check_layout(*header, data_bytes);
  check_round_trip(*header, data_bytes);
  return 0;
}
