#include "wootz/engine/output/side_files.h"

#include <algorithm>
#include <array>
#include <utility>

#include "wootz/engine/output/manifest.h"
#include "wootz/io/digest.h"
#include "wootz/recipe/coefficients.h"
#include "wootz/recipe/write_recipe.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxSideFile = std::uint64_t{1} << 30;
constexpr const char* kRecipeName = "mergekit_config.yml";  // the name that model pages look for
constexpr const char* kCardName = "README.md";

constexpr std::array<std::string_view, 8> kCompanionEndings{".json",     ".txt", ".model", ".jinja",
                                                            ".tiktoken", ".bpe", ".spm",   ".py"};

constexpr std::array<std::string_view, 11> kTokenizerFiles{"tokenizer.json",
                                                           "tokenizer_config.json",
                                                           "special_tokens_map.json",
                                                           "added_tokens.json",
                                                           "vocab.json",
                                                           "vocab.txt",
                                                           "merges.txt",
                                                           "tokenizer.model",
                                                           "spiece.model",
                                                           "chat_template.jinja",
                                                           "chat_template.json"};

bool is_companion(std::string_view name) {
  if (name.starts_with('.') || name.ends_with(".index.json") || name == kManifestName || name == kCardName)
    return false;
  if (name.starts_with("LICENSE") || name.starts_with("NOTICE")) return true;
  return std::any_of(kCompanionEndings.begin(), kCompanionEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_tokenizer_file(std::string_view name) {
  return std::find(kTokenizerFiles.begin(), kTokenizerFiles.end(), name) != kTokenizerFiles.end();
}

// The one dtype of all merged tensors, or nothing.
std::optional<Dtype> uniform_dtype(const MergePlan& plan) {
  std::optional<Dtype> dtype;
  for (std::size_t index : plan.merged_tensors) {
    if (dtype && *dtype != plan.tensors[index].dtype) return std::nullopt;
    dtype = plan.tensors[index].dtype;
  }
  return dtype;
}

// The bounds of the string that is the value of the key at `key_end`; empty when something else follows.
std::pair<std::size_t, std::size_t> string_value(std::string_view text, std::size_t key_end) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t colon = text.find_first_not_of(kSpace, key_end);
  if (colon == std::string_view::npos || text[colon] != ':') return {0, 0};
  const std::size_t quote = text.find_first_not_of(kSpace, colon + 1);
  if (quote == std::string_view::npos || text[quote] != '"') return {0, 0};
  const std::size_t end = text.find('"', quote + 1);
  return end == std::string_view::npos ? std::pair<std::size_t, std::size_t>{0, 0} : std::pair(quote + 1, end);
}

// Only the dtype word changes (also in the configurations of sub-models); all other bytes stay as they are.
std::string with_dtype(std::string config, Dtype dtype) {
  for (const std::string_view key : {"\"torch_dtype\"", "\"dtype\""})
    for (std::size_t at = config.find(key); at != std::string::npos; at = config.find(key, at + key.size())) {
      const auto [begin, end] = string_value(config, at + key.size());
      if (dtype_from_torch_name(std::string_view(config).substr(begin, end - begin)))
        config.replace(begin, end - begin, torch_name(dtype));
    }
  return config;
}

const std::string& tokenizer_directory(const MergePlan& plan) {
  if (plan.recipe.tokenizer_source)
    for (const Source& source : plan.sources.models)
      if (source.reference == *plan.recipe.tokenizer_source) return source.checkpoint.directory();
  return plan.sources.donor().checkpoint.directory();
}

// The name of the coefficient table in the output: its own, unless another file may have it.
std::string table_name(const std::string& path) {
  std::string name = file_name(path);
  const bool yaml = name.ends_with(".yml") || name.ends_with(".yaml");
  const bool own = yaml && !name.starts_with('.') && !is_companion(name) && name != kRecipeName;
  return own ? name : "coefficients.yml";
}

// The recipe as it stands beside its table.
std::string recipe_text(const Recipe& recipe) {
  if (!recipe.coefficients) return recipe.text;
  const std::string name = table_name(recipe.coefficients->path);
  return name == recipe.coefficients->path ? recipe.text : with_coefficients(recipe, name);
}

std::string yaml_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

Result<std::vector<std::string>> companion_files(FileSystem& files, const std::string& directory) {
  WOOTZ_TRY(std::vector<std::string> names, files.list(directory));
  std::erase_if(names, [&](const std::string& name) {
    return !is_companion(name) || files.is_directory(join_path(directory, name));
  });
  return names;
}

Result<> copy_companions(FileSystem& files, const std::string& from, const std::string& to,
                         const std::vector<std::string>& except) {
  WOOTZ_TRY(const std::vector<std::string> names, companion_files(files, from));
  for (const std::string& name : names)
    if (std::find(except.begin(), except.end(), name) == except.end())
      WOOTZ_RETURN_IF_ERROR(copy_file(files, join_path(from, name), join_path(to, name)));
  return {};
}

Result<std::map<std::string, std::string>> write_side_files(FileSystem& files, const MergePlan& plan,
                                                            const std::string& directory) {
  std::map<std::string, std::string> digests;
  const auto write = [&](const std::string& name, const std::string& text) -> Result<> {
    digests[name] = bytes_digest(std::as_bytes(std::span(text)));
    return write_text_atomically(files, join_path(directory, name), text);
  };
  const auto copy_from = [&](const std::string& from, bool tokenizer) -> Result<> {
    WOOTZ_TRY(const std::vector<std::string> names, companion_files(files, from));
    for (const std::string& name : names) {
      if (is_tokenizer_file(name) != tokenizer) continue;
      WOOTZ_TRY(std::string text, read_text(files, join_path(from, name), kMaxSideFile));
      const std::optional<Dtype> dtype = name == "config.json" ? uniform_dtype(plan) : std::nullopt;
      WOOTZ_RETURN_IF_ERROR(write(name, dtype ? with_dtype(std::move(text), *dtype) : text));
    }
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(copy_from(plan.sources.donor().checkpoint.directory(), false));
  WOOTZ_RETURN_IF_ERROR(copy_from(tokenizer_directory(plan), true));
  WOOTZ_RETURN_IF_ERROR(write(kRecipeName, recipe_text(plan.recipe)));
  if (const auto& coefficients = plan.recipe.coefficients)
    WOOTZ_RETURN_IF_ERROR(write(table_name(coefficients->path), coefficients->table->text));
  WOOTZ_RETURN_IF_ERROR(write(kCardName, model_card(plan)));
  return digests;
}

std::string model_card(const MergePlan& plan) {
  const std::string recipe = recipe_text(plan.recipe);
  const MethodSpec& method = *plan.recipe.method;
  std::string card = "---\nbase_model:\n";
  for (const Source& source : plan.sources.models) card += fmt::format("- {}\n", yaml_quoted(source.reference));
  card += "library_name: transformers\ntags:\n- merge\n- wootz\n---\n";
  card += fmt::format("# Merged model\n\nMerged by Wootz with **{}** ({}).\n", method.title, method.reference);
  if (!plan.recipe.transforms.empty()) {
    card += "Task vectors were first transformed by:";
    for (const RecipeTransform& transform : plan.recipe.transforms) card += fmt::format(" {}", transform.method->title);
    card += ".\n";
  }
  card += "\n| model | role |\n|---|---|\n";
  for (std::size_t i = 0; i < plan.sources.models.size(); ++i)
    card +=
        fmt::format("| `{}` | {} |\n", plan.sources.models[i].reference, plan.sources.base == i ? "base" : "merged");
  card += fmt::format(
      "\nHashes of all inputs and outputs, and norms, cosines and sign conflicts of every tensor, are in "
      "`{}`; `wootz verify` checks this directory against it.\n\n## Recipe\n\n```yaml\n{}{}```\n",
      kManifestName, recipe, recipe.ends_with('\n') ? "" : "\n");
  return card;
}

}  // namespace wootz
