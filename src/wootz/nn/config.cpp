#include "wootz/nn/config.h"

#include <nlohmann/json.hpp>

namespace wootz {

struct ModelConfig::Json {
  nlohmann::json value;
};

TensorNames tensor_names(const Checkpoint& checkpoint) {
  TensorNames names;
  for (const TensorInfo& tensor : checkpoint.tensors()) names.insert(tensor.name);
  return names;
}

Result<ModelConfig> ModelConfig::load(FileSystem& files, const std::string& directory) {
  constexpr std::uint64_t kLargest = 16'000'000;
  const std::string path = join_path(directory, "config.json");
  if (!files.exists(path))
    return fail(ErrorKind::kInput, "{}: not there; a model needs its Hugging Face config.json to be run", path);
  WOOTZ_TRY(const std::string text, read_text(files, path, kLargest));
  WOOTZ_TRY(ModelConfig config, parse(text, path));
  config.directory_ = directory;
  return config;
}

Result<ModelConfig> ModelConfig::parse(std::string_view json, std::string file) {
  ModelConfig config;
  config.file_ = std::move(file);
  constexpr int kDeepest = 100;  // copies and destruction go as deep as the nesting
  bool too_deep = false;
  const auto watch = [&too_deep](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  auto parsed = nlohmann::json::parse(json, watch, false);
  if (too_deep || !parsed.is_object()) return fail(ErrorKind::kInput, "{}: not a JSON object", config.file_);
  config.json_ = std::make_shared<const Json>(Json{std::move(parsed)});
  return config;
}

std::string ModelConfig::model_type() const { return text("model_type", ""); }

Result<std::int64_t> ModelConfig::size(std::string_view key, std::optional<std::int64_t> fallback,
                                       std::int64_t most) const {
  const auto found = json_->value.find(key);
  if (found == json_->value.end() || found->is_null()) {
    if (fallback) return *fallback;
    return fail(ErrorKind::kInput, "{}: '{}{}' is missing", file_, prefix_, key);
  }
  if (!found->is_number_integer() || *found < 1 || *found > most)
    return fail(ErrorKind::kInput, "{}: '{}{}' must be a positive whole number of at most {}, not {}", file_, prefix_,
                key, most, found->dump());
  return found->get<std::int64_t>();
}

Result<double> ModelConfig::number(std::string_view key, double fallback) const {
  const auto found = json_->value.find(key);
  if (found == json_->value.end() || found->is_null()) return fallback;
  if (!found->is_number())
    return fail(ErrorKind::kInput, "{}: '{}{}' must be a number, not {}", file_, prefix_, key, found->dump());
  return found->get<double>();
}

std::string ModelConfig::text(std::string_view key, std::string fallback) const {
  const auto found = json_->value.find(key);
  return found != json_->value.end() && found->is_string() ? found->get<std::string>() : fallback;
}

bool ModelConfig::flag(std::string_view key, bool fallback) const {
  const auto found = json_->value.find(key);
  return found != json_->value.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

std::vector<std::string> ModelConfig::texts(std::string_view key) const {
  std::vector<std::string> texts;
  const auto found = json_->value.find(key);
  if (found == json_->value.end() || !found->is_array()) return texts;
  for (const nlohmann::json& each : *found)
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

std::size_t ModelConfig::entries(std::string_view key) const {
  const auto found = json_->value.find(key);
  return found != json_->value.end() && found->is_object() ? found->size() : 0;
}

std::optional<ModelConfig> ModelConfig::section(std::string_view key) const {
  const auto found = json_->value.find(key);
  if (found == json_->value.end() || !found->is_object()) return std::nullopt;
  ModelConfig part = *this;
  part.prefix_ = prefix_ + std::string(key) + ".";
  part.json_ = std::make_shared<const Json>(Json{*found});
  return part;
}

}  // namespace wootz
