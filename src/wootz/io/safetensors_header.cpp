#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <tuple>
#include <unordered_set>

#include "wootz/core/check.h"
#include "wootz/io/json_scanner.h"
#include "wootz/io/safetensors.h"

namespace wootz {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kMaxRank = 64;  // torch and NumPy stop there too; bounds what a small header can make us store
constexpr std::size_t kAlignment = 8;

template <typename... Args>
tl::unexpected<Error> invalid_tensor(const SafetensorsEntry& entry, fmt::format_string<Args...> format,
                                     Args&&... args) {
  return fail(ErrorKind::kInput, "tensor {}: {}", printable(entry.name),
              fmt::format(format, std::forward<Args>(args)...));
}

Result<Dtype> parse_dtype(JsonScanner& scanner) {
  WOOTZ_TRY(const std::string name, scanner.string());
  const std::optional<Dtype> dtype = dtype_from_name(name);
  if (!dtype) return fail(ErrorKind::kInput, "unknown dtype {}", printable(name));
  return *dtype;
}

Result<Shape> parse_shape(JsonScanner& scanner) {
  Shape shape;
  WOOTZ_RETURN_IF_ERROR(scanner.array([&]() -> Result<> {
    if (shape.size() == kMaxRank) return fail(ErrorKind::kInput, "more than {} dimensions", kMaxRank);
    WOOTZ_TRY(shape.emplace_back(), scanner.unsigned_integer());
    return {};
  }));
  return shape;
}

Result<std::array<std::uint64_t, 2>> parse_offsets(JsonScanner& scanner) {
  std::array<std::uint64_t, 2> offsets{};
  std::size_t count = 0;
  WOOTZ_RETURN_IF_ERROR(scanner.array([&]() -> Result<> {
    if (count == 2) return fail(ErrorKind::kInput, "data_offsets must be two numbers");
    WOOTZ_TRY(offsets[count++], scanner.unsigned_integer());
    return {};
  }));
  if (count != 2) return fail(ErrorKind::kInput, "data_offsets must be two numbers");
  return offsets;
}

// One tensor's shape, dtype and offsets must tell the same size.
Result<> check_size(const SafetensorsEntry& entry) {
  if (entry.end < entry.begin)
    return fail(ErrorKind::kInput, "data end ({}) before they begin ({})", entry.end, entry.begin);
  const std::optional<std::uint64_t> elements = num_elements(entry.shape);
  std::uint64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(*elements, std::uint64_t{item_size(entry.dtype)}, &bytes))
    return fail(ErrorKind::kInput, "the size of shape {} overflows 64 bits", to_string(entry.shape));
  if (bytes != entry.bytes())
    return fail(ErrorKind::kInput, "{} of shape {} takes {} bytes, but data_offsets give {}", dtype_name(entry.dtype),
                to_string(entry.shape), bytes, entry.bytes());
  return {};
}

// All but the name.
Result<SafetensorsEntry> parse_entry(JsonScanner& scanner) {
  SafetensorsEntry entry;
  bool has_dtype = false;
  bool has_shape = false;
  bool has_offsets = false;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](const std::string& key) -> Result<> {
    bool* seen = key == "dtype"          ? &has_dtype
                 : key == "shape"        ? &has_shape
                 : key == "data_offsets" ? &has_offsets
                                         : nullptr;
    if (seen == nullptr) return fail(ErrorKind::kInput, "unknown field {}", printable(key));
    if (*seen) return fail(ErrorKind::kInput, "field {} twice", printable(key));
    *seen = true;
    if (seen == &has_dtype) {
      WOOTZ_TRY(entry.dtype, parse_dtype(scanner));
    } else if (seen == &has_shape) {
      WOOTZ_TRY(entry.shape, parse_shape(scanner));
    } else {
      WOOTZ_TRY(const auto offsets, parse_offsets(scanner));
      entry.begin = offsets[0];
      entry.end = offsets[1];
    }
    return {};
  }));
  if (!has_dtype) return fail(ErrorKind::kInput, "no field 'dtype'");
  if (!has_shape) return fail(ErrorKind::kInput, "no field 'shape'");
  if (!has_offsets) return fail(ErrorKind::kInput, "no field 'data_offsets'");
  WOOTZ_RETURN_IF_ERROR(check_size(entry));
  return entry;
}

Result<std::map<std::string, std::string>> parse_metadata(JsonScanner& scanner) {
  std::map<std::string, std::string> metadata;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](std::string key) -> Result<> {
    auto value = scanner.string();
    if (!value)
      return tl::unexpected(std::move(value).error().within(fmt::format("{} {}", kMetadataKey, printable(key))));
    const auto [place, added] = metadata.try_emplace(std::move(key), *std::move(value));
    if (!added) return fail(ErrorKind::kInput, "{} holds {} twice", kMetadataKey, printable(place->first));
    return {};
  }));
  return metadata;
}

Result<> check_names(const std::vector<SafetensorsEntry>& tensors) {
  std::unordered_set<std::string_view> names;
  names.reserve(tensors.size());
  for (const SafetensorsEntry& entry : tensors)
    if (!names.insert(entry.name).second) return invalid_tensor(entry, "listed twice");
  return {};
}

// Requires: in offset order. Without holes and overlaps no byte of the file is hidden or has two meanings.
Result<> check_layout(const std::vector<SafetensorsEntry>& tensors, std::uint64_t data_bytes) {
  std::uint64_t covered = 0;
  const SafetensorsEntry* previous = nullptr;
  for (const SafetensorsEntry& entry : tensors) {
    if (entry.begin < covered)
      return invalid_tensor(entry, "data overlap those of tensor {} by {} bytes", printable(previous->name),
                            covered - entry.begin);
    if (entry.begin > covered && previous == nullptr)
      return invalid_tensor(entry, "the first data begin at {} instead of 0", entry.begin);
    if (entry.begin > covered)
      return invalid_tensor(entry, "a hole of {} bytes before its data, after tensor {}", entry.begin - covered,
                            printable(previous->name));
    covered = entry.end;
    previous = &entry;
  }
  if (covered > data_bytes)
    return fail(ErrorKind::kInput, "truncated: {} bytes missing (tensor {} ends at {} of {} bytes of data)",
                covered - data_bytes, printable(previous->name), covered, data_bytes);
  if (covered < data_bytes)
    return fail(ErrorKind::kInput, "{} bytes at the end belong to no tensor", data_bytes - covered);
  return {};
}

void append_entry(std::string& json, const SafetensorsEntry& entry) {
  fmt::format_to(std::back_inserter(json), R"({}:{{"dtype":"{}","shape":[)", json_quoted(entry.name, false),
                 dtype_name(entry.dtype));
  for (std::size_t i = 0; i < entry.shape.size(); ++i)
    fmt::format_to(std::back_inserter(json), "{}{}", i == 0 ? "" : ",", entry.shape[i]);
  fmt::format_to(std::back_inserter(json), R"(],"data_offsets":[{},{}]}})", entry.begin, entry.end);
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::uint64_t data_bytes) {
  SafetensorsHeader header;
  JsonScanner scanner(json);
  if (!json.starts_with('{')) return scanner.invalid("a header must start with '{'");
  bool has_metadata = false;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](std::string key) -> Result<> {
    if (key == kMetadataKey) {
      if (has_metadata) return fail(ErrorKind::kInput, "{} twice", kMetadataKey);
      has_metadata = true;
      WOOTZ_TRY(header.metadata, parse_metadata(scanner));
      return {};
    }
    auto entry = parse_entry(scanner);
    if (!entry) return tl::unexpected(std::move(entry).error().within(fmt::format("tensor {}", printable(key))));
    entry->name = std::move(key);
    header.tensors.push_back(*std::move(entry));
    return {};
  }));
  WOOTZ_RETURN_IF_ERROR(scanner.end());
  WOOTZ_RETURN_IF_ERROR(check_names(header.tensors));
  std::sort(header.tensors.begin(), header.tensors.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  WOOTZ_RETURN_IF_ERROR(check_layout(header.tensors, data_bytes));
  return header;
}

std::string encode_safetensors_header(std::span<const SafetensorsEntry> tensors,
                                      const std::map<std::string, std::string>& metadata) {
  std::string json(kAlignment, '\0');  // room for the length
  json += '{';
  std::string_view separator;
  if (!metadata.empty()) {
    fmt::format_to(std::back_inserter(json), "\"{}\":{{", kMetadataKey);
    for (const auto& [key, value] : metadata) {
      fmt::format_to(std::back_inserter(json), "{}{}:{}", separator, json_quoted(key, false),
                     json_quoted(value, false));
      separator = ",";
    }
    json += '}';
  }
  std::uint64_t offset = 0;
  for (const SafetensorsEntry& entry : tensors) {
    WOOTZ_CHECK(entry.begin == offset && entry.end >= entry.begin);
    offset = entry.end;
    json += separator;
    append_entry(json, entry);
    separator = ",";
  }
  json += '}';
  json.resize((json.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const std::uint64_t length = json.size() - kAlignment;
  for (std::size_t i = 0; i < kAlignment; ++i)
    json[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * i)));
  return json;
}

}  // namespace wootz
