// config.json of a Hugging Face model, as far as networks need it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/checkpoint.h"
#include "wootz/io/file.h"

namespace wootz {

/// The names of a checkpoint's tensors: what tells variants of an architecture apart.
using TensorNames = std::unordered_set<std::string>;
TensorNames tensor_names(const Checkpoint& checkpoint);

/// More layers than any model has: a configuration that says so is damaged.
inline constexpr std::int64_t kMostLayers = 10'000;

/// One JSON object of a configuration, with checked access.
class ModelConfig {
 public:
  /// Reads `directory`/config.json. Fails (kInput) naming the file.
  static Result<ModelConfig> load(FileSystem& files, const std::string& directory);
  /// Parses a text; `file` is for messages. What is nested more than a hundred levels deep is an error.
  static Result<ModelConfig> parse(std::string_view json, std::string file);

  const std::string& file() const { return file_; }
  const std::string& directory() const { return directory_; }
  std::string model_type() const;

  /// A whole number from 1 to `most`. Fails (kInput) when it is missing (without a fallback) or something else.
  Result<std::int64_t> size(std::string_view key, std::optional<std::int64_t> fallback = {},
                            std::int64_t most = 10'000'000) const;
  Result<double> number(std::string_view key, double fallback) const;
  std::string text(std::string_view key, std::string fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  /// The strings of a list; what else is in it is passed over.
  std::vector<std::string> texts(std::string_view key) const;
  /// Entries of an object, 0 when there is none ("id2label").
  std::size_t entries(std::string_view key) const;
  /// The object under `key`, or nothing; errors then say "vision_config.hidden_size".
  std::optional<ModelConfig> section(std::string_view key) const;

 private:
  struct Json;
  std::string file_;
  std::string directory_;
  std::string prefix_;
  std::shared_ptr<const Json> json_;
};

}  // namespace wootz
