#include "wootz/nn/head.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "wootz/core/half.h"
#include "wootz/io/safetensors_file.h"
#include "wootz/io/write_safetensors.h"

namespace wootz {
namespace {

float value_at(Dtype dtype, const std::byte* stored, std::size_t index) {
  const auto read = [&]<typename T>(T) {
    T value;
    std::memcpy(&value, stored + index * sizeof(T), sizeof(T));
    return value;
  };
  switch (dtype) {
    case Dtype::kF64:
      return static_cast<float>(read(double{}));
    case Dtype::kF16:
      return static_cast<float>(f16_to_double(read(std::uint16_t{})));
    case Dtype::kBF16:
      return static_cast<float>(bf16_to_double(read(std::uint16_t{})));
    default:
      return read(float{});
  }
}

const SafetensorsEntry* find(const SafetensorsFile& file, std::string_view name) {
  for (const SafetensorsEntry& entry : file.header.tensors)
    if (entry.name == name) return &entry;
  return nullptr;
}

Result<std::vector<float>> read_values(const ReadableFile& file, const SafetensorsFile& header,
                                       const SafetensorsEntry& entry) {
  if (!is_mergeable(entry.dtype))
    return fail(ErrorKind::kInput, "'{}': \"{}\" is {}, but a head's numbers are F32, F16, BF16 or F64", file.path(),
                entry.name, dtype_name(entry.dtype));
  std::vector<std::byte> stored(entry.bytes());
  WOOTZ_RETURN_IF_ERROR(file.read_at(header.data_begin + entry.begin, stored));
  std::vector<float> values(stored.size() / item_size(entry.dtype));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = value_at(entry.dtype, stored.data(), i);
    if (!std::isfinite(values[i]))
      return fail(ErrorKind::kInput, "'{}': \"{}\" holds a value that is not a finite number (element {})", file.path(),
                  entry.name, i);
  }
  return values;
}

Result<> read_metadata(Head& head) {
  if (const auto found = head.metadata.find("logit_scale"); found != head.metadata.end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), head.logit_scale);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(head.logit_scale) ||
        head.logit_scale <= 0)
      return fail(ErrorKind::kInput, "'{}': metadata \"logit_scale\" is '{}', not a positive number", head.path, text);
  }
  if (const auto found = head.metadata.find("normalize"); found != head.metadata.end()) {
    if (found->second != "true" && found->second != "false")
      return fail(ErrorKind::kInput, "'{}': metadata \"normalize\" is '{}', not true or false", head.path,
                  found->second);
    head.normalize = found->second == "true";
  }
  return {};
}

}  // namespace

Result<Head> load_head(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(const auto file, files.open(path));
  WOOTZ_TRY(const SafetensorsFile stored, read_safetensors_file(*file));
  const SafetensorsEntry* weight = find(stored, "weight");
  if (weight == nullptr)
    return fail(ErrorKind::kInput, "'{}': no tensor \"weight\"; a head is \"weight\" [classes, features]", path);
  if (weight->shape.size() != 2 || weight->shape[0] == 0 || weight->shape[1] == 0)
    return fail(ErrorKind::kInput, "'{}': \"weight\" has the shape {}, but a head's is [classes, features]", path,
                to_string(weight->shape));
  Head head;
  head.path = path;
  head.classes = weight->shape[0];
  head.feature_size = weight->shape[1];
  head.metadata = stored.header.metadata;
  WOOTZ_TRY(head.weight, read_values(*file, stored, *weight));
  if (const SafetensorsEntry* bias = find(stored, "bias")) {
    if (bias->shape != Shape{weight->shape[0]})
      return fail(ErrorKind::kInput, "'{}': \"bias\" has the shape {}, but \"weight\" has {} rows", path,
                  to_string(bias->shape), head.classes);
    WOOTZ_TRY(head.bias, read_values(*file, stored, *bias));
  }
  WOOTZ_RETURN_IF_ERROR(read_metadata(head));
  return head;
}

Result<> save_head(FileSystem& files, const Head& head, const std::string& path) {
  static_assert(std::endian::native == std::endian::little);
  std::vector<StoredTensor> tensors = {
      {"weight", Dtype::kF32, {head.classes, head.feature_size}, std::as_bytes(std::span(head.weight))}};
  if (!head.bias.empty()) tensors.push_back({"bias", Dtype::kF32, {head.classes}, std::as_bytes(std::span(head.bias))});
  std::map<std::string, std::string> metadata = head.metadata;
  metadata["logit_scale"] = fmt::format("{}", head.logit_scale);
  metadata["normalize"] = head.normalize ? "true" : "false";
  return write_safetensors(files, path, tensors, metadata);
}

}  // namespace wootz
