// An input is the text of an index.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wootz/core/check.h"
#include "wootz/io/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto index = wootz::parse_shard_index({reinterpret_cast<const char*>(data), size});
  if (!index) {
    WOOTZ_CHECK(index.error().kind == wootz::ErrorKind::kInput && !index.error().message.empty());
    return 0;
  }
  for (const auto& [tensor, file] : index->weight_map)
    WOOTZ_CHECK(file.ends_with(".safetensors") && file.find('/') == file.npos);
  const auto again = wootz::parse_shard_index(wootz::encode_shard_index(*index));
  WOOTZ_CHECK(again && again->weight_map == index->weight_map && again->total_size == index->total_size);
  return 0;
}
