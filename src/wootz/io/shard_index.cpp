#include "wootz/io/shard_index.h"

#include <iterator>
#include <set>

#include "wootz/io/json_scanner.h"

namespace wootz {
namespace {

// A shard must lie beside its index: anything that could name another place is refused.
Result<> check_file_name(std::string_view name) {
  for (const char c : name)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      return fail(ErrorKind::kInput, "{} is not a plain file name", printable(name));
  if (!name.ends_with(".safetensors"))
    return fail(ErrorKind::kInput, "{} is not a .safetensors file; Wootz reads safetensors", printable(name));
  return {};
}

Result<std::map<std::string, std::string>> parse_weight_map(JsonScanner& scanner) {
  std::map<std::string, std::string> weight_map;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](std::string tensor) -> Result<> {
    auto file = scanner.string();
    auto checked = file ? check_file_name(*file) : Result<>(tl::unexpected(file.error()));
    if (!checked) return tl::unexpected(std::move(checked).error().within(fmt::format("tensor {}", printable(tensor))));
    const auto [place, added] = weight_map.try_emplace(std::move(tensor), *std::move(file));
    if (!added) return fail(ErrorKind::kInput, "tensor {}: listed twice", printable(place->first));
    return {};
  }));
  return weight_map;
}

// Writers put other things here too, and some write the size as a fraction; it is a hint, so those count as not said.
Result<std::uint64_t> parse_total_size(JsonScanner& scanner) {
  std::uint64_t total_size = 0;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](const std::string& key) -> Result<> {
    JsonScanner lookahead = scanner;
    if (key == "total_size")
      if (const auto size = lookahead.unsigned_integer()) total_size = *size;
    return scanner.skip_value();
  }));
  return total_size;
}

}  // namespace

Result<ShardIndex> parse_shard_index(std::string_view json) {
  ShardIndex index;
  JsonScanner scanner(json);
  std::set<std::string> seen;
  WOOTZ_RETURN_IF_ERROR(scanner.object([&](const std::string& key) -> Result<> {
    if (!seen.insert(key).second) return fail(ErrorKind::kInput, "{} twice", printable(key));
    if (key == "weight_map") {
      WOOTZ_TRY(index.weight_map, parse_weight_map(scanner));
      return {};
    }
    if (key == "metadata") {
      WOOTZ_TRY(index.total_size, parse_total_size(scanner));
      return {};
    }
    return scanner.skip_value();
  }));
  WOOTZ_RETURN_IF_ERROR(scanner.end());
  if (!seen.contains("weight_map")) return fail(ErrorKind::kInput, "no 'weight_map'");
  if (index.weight_map.empty()) return fail(ErrorKind::kInput, "'weight_map' lists no tensor");
  return index;
}

std::string encode_shard_index(const ShardIndex& index) {
  std::string json =
      fmt::format("{{\n  \"metadata\": {{\n    \"total_size\": {}\n  }},\n  \"weight_map\": {{", index.total_size);
  std::string_view separator = "\n";
  for (const auto& [tensor, file] : index.weight_map) {
    fmt::format_to(std::back_inserter(json), "{}    {}: {}", separator, json_quoted(tensor, true),
                   json_quoted(file, true));
    separator = ",\n";
  }
  json += index.weight_map.empty() ? "}\n}\n" : "\n  }\n}\n";
  return json;
}

std::string shard_name(std::size_t number, std::size_t count) {
  if (count == 1) return "model.safetensors";
  return fmt::format("model-{:05}-of-{:05}.safetensors", number, count);
}

}  // namespace wootz
