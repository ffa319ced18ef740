#include "wootz/io/checkpoint_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "wootz/io/json_scanner.h"
#include "wootz/io/safetensors.h"

namespace wootz {
namespace {

constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndexFile = "model.safetensors.index.json";
constexpr std::string_view kIndexEnding = ".safetensors.index.json";
constexpr std::string_view kConversion =
    "Wootz reads safetensors. To convert with transformers (Python): "
    "AutoModel.from_pretrained(DIRECTORY).save_pretrained(NEW_DIRECTORY, safe_serialization=True)";

using Names = std::vector<std::string>;

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names ending_in(const Names& names, std::string_view ending) {
  Names found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found),
               [ending](const std::string& name) { return name.ends_with(ending); });
  return found;
}

bool is_foreign_weight_file(std::string_view name) {
  constexpr std::array<std::string_view, 8> kEndings{".bin",  ".pt", ".pth",     ".ckpt",
                                                     ".gguf", ".h5", ".msgpack", ".onnx"};
  // What the Hugging Face trainer leaves beside the weights.
  constexpr std::array<std::string_view, 4> kOther{"training_args.bin", "optimizer.pt", "optimizer.bin",
                                                   "scheduler.pt"};
  if (std::find(kOther.begin(), kOther.end(), name) != kOther.end() || name.starts_with("rng_state")) return false;
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

// "model-00001-of-00003.safetensors"
bool is_shard_name(std::string_view name) { return name.find("-of-") != name.npos; }

Result<WeightFiles> from_index(FileSystem& files, const std::string& directory, std::string_view index_name) {
  WeightFiles weights;
  weights.directory = directory;
  weights.index_path = join_path(directory, index_name);
  WOOTZ_TRY(const std::string text, read_text(files, weights.index_path, kMaxSafetensorsHeader));
  auto index = parse_shard_index(text);
  if (!index) return tl::unexpected(std::move(index).error().within(fmt::format("'{}'", weights.index_path)));
  weights.index = *std::move(index);

  std::set<std::string_view> shards;
  for (const auto& [tensor, file] : weights.index->weight_map) {
    if (!shards.insert(file).second) continue;
    if (!files.exists(join_path(directory, file)))
      return fail(ErrorKind::kInput, "'{}': the shard {} is missing (it holds tensor {})", weights.index_path,
                  printable(file), printable(tensor));
  }
  weights.names.assign(shards.begin(), shards.end());
  return weights;
}

tl::unexpected<Error> no_weights(const std::string& directory, const Names& names) {
  if (has(names, "adapter_config.json"))
    return fail(ErrorKind::kInput,
                "'{}' holds a PEFT adapter, not a whole model: merge it into its base model first, with PEFT (Python): "
                "AutoPeftModel.from_pretrained(DIRECTORY).merge_and_unload().save_pretrained(NEW_DIRECTORY)",
                directory);
  const Names safetensors = ending_in(names, ".safetensors");
  if (std::any_of(safetensors.begin(), safetensors.end(), is_shard_name))
    return fail(ErrorKind::kInput, "'{}' holds shards ({} ...) but no {}: download the index too", directory,
                printable(safetensors.front()), kIndexFile);
  if (!safetensors.empty())
    return fail(ErrorKind::kInput,
                "'{}' holds several .safetensors files but no {}: name one of the files instead ({})", directory,
                kIndexFile, fmt::join(safetensors, ", "));
  Names foreign;
  std::copy_if(names.begin(), names.end(), std::back_inserter(foreign), is_foreign_weight_file);
  if (!foreign.empty())
    return fail(ErrorKind::kInput, "'{}' holds no safetensors weights, only {}. {}", directory,
                printable(foreign.front()), kConversion);
  return fail(ErrorKind::kInput, "'{}' {}: expected {} or {}", directory,
              names.empty() ? "is an empty directory" : "holds no weights", kSingleFile, kIndexFile);
}

Result<WeightFiles> from_directory(FileSystem& files, const std::string& directory) {
  WOOTZ_TRY(const Names names, files.list(directory));
  if (has(names, kIndexFile)) return from_index(files, directory, kIndexFile);
  if (has(names, kSingleFile)) return WeightFiles{directory, {std::string(kSingleFile)}, std::nullopt, ""};
  if (has(names, "adapter_config.json")) return no_weights(directory, names);
  // Other writers choose other names; one candidate is clear enough.
  if (const Names indexes = ending_in(names, kIndexEnding); indexes.size() == 1)
    return from_index(files, directory, indexes.front());
  if (const Names single = ending_in(names, ".safetensors"); single.size() == 1 && !is_shard_name(single.front()))
    return WeightFiles{directory, single, std::nullopt, ""};
  return no_weights(directory, names);
}

}  // namespace

Result<WeightFiles> find_weight_files(FileSystem& files, const std::string& path) {
  if (!files.exists(path)) return fail(ErrorKind::kInput, "'{}' does not exist", path);
  if (files.is_directory(path)) return from_directory(files, path);
  const std::string name = file_name(path);
  if (name.ends_with(kIndexEnding)) return from_index(files, parent_path(path), name);
  if (is_foreign_weight_file(name))
    return fail(ErrorKind::kInput, "'{}' is not a safetensors file. {}", path, kConversion);
  constexpr std::array<std::string_view, 5> kTexts{".yml", ".yaml", ".json", ".txt", ".md"};
  if (std::any_of(kTexts.begin(), kTexts.end(), [&](std::string_view ending) { return name.ends_with(ending); }))
    return fail(ErrorKind::kInput, "'{}' is no model: give a model's directory, or a .safetensors file", path);
  return WeightFiles{parent_path(path), {name}, std::nullopt, ""};
}

}  // namespace wootz
