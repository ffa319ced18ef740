// Finds the model a recipe means: on disk, or in the local Hugging Face cache.
#include <fmt/ranges.h>

#include <cstdlib>
#include <optional>

#include "wootz/io/checkpoint.h"
#include "wootz/io/json_scanner.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxReference = 4096;  // bytes of a file that holds a commit hash

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string expand_home(std::string path) {
  return path == "~" || path.starts_with("~/") ? environment("HOME") + path.substr(1) : path;
}

// As huggingface_hub decides: the first variable that is set.
std::string hub_cache() {
  if (const std::string cache = environment("HF_HUB_CACHE"); !cache.empty()) return expand_home(cache);
  if (const std::string home = environment("HF_HOME"); !home.empty()) return join_path(expand_home(home), "hub");
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return join_path(expand_home(cache), "huggingface/hub");
  return expand_home("~/.cache/huggingface/hub");
}

struct HubName {
  std::string folder;  ///< "models--org--name"
  std::string revision = "main";
};

bool is_plain_part(std::string_view part) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !part.empty() && part != "." && part != ".." && part.find_first_not_of(kAllowed) == part.npos;
}

bool is_revision(std::string_view revision) {
  while (true) {
    const std::size_t slash = revision.find('/');
    if (!is_plain_part(revision.substr(0, slash))) return false;
    if (slash == revision.npos) return true;
    revision.remove_prefix(slash + 1);
  }
}

// "name", "org/name", either with "@revision"; nothing when the reference cannot be a Hub name.
std::optional<HubName> parse_hub_name(std::string_view reference) {
  HubName name;
  if (const std::size_t at = reference.find('@'); at != reference.npos) {
    name.revision = reference.substr(at + 1);
    reference = reference.substr(0, at);
    if (!is_revision(name.revision)) return std::nullopt;
  }
  name.folder = "models";
  const std::size_t slash = reference.find('/');
  const std::string_view organisation = slash == reference.npos ? "" : reference.substr(0, slash);
  const std::string_view model = slash == reference.npos ? reference : reference.substr(slash + 1);
  if (slash != reference.npos && !is_plain_part(organisation)) return std::nullopt;
  if (!is_plain_part(model)) return std::nullopt;
  if (!organisation.empty()) name.folder += fmt::format("--{}", organisation);
  name.folder += fmt::format("--{}", model);
  return name;
}

// The commit that refs/<revision> points at, or the revision itself, which may be a commit.
std::string resolve_revision(FileSystem& files, const std::string& model_folder, const std::string& revision) {
  const auto text = read_text(files, join_path(model_folder, "refs/" + revision), kMaxReference);
  if (!text) return revision;
  const std::string commit = text->substr(0, text->find_first_of(" \r\n\t"));
  return is_plain_part(commit) ? commit : revision;
}

Result<std::string> find_in_cache(FileSystem& files, const HubName& name, const std::string& model_folder) {
  const std::string snapshots = join_path(model_folder, "snapshots");
  const std::string snapshot = join_path(snapshots, resolve_revision(files, model_folder, name.revision));
  if (files.is_directory(snapshot)) return snapshot;
  const auto held = files.list(snapshots);
  return fail(ErrorKind::kInput, "the Hugging Face cache has the model ('{}') but not its revision '{}'; it has: {}",
              model_folder, name.revision, held && !held->empty() ? fmt::format("{}", fmt::join(*held, ", ")) : "none");
}

}  // namespace

Result<std::string> locate_model(FileSystem& files, const std::string& reference, const std::string& recipe_directory) {
  if (reference.empty()) return fail(ErrorKind::kUsage, "an empty model reference");
  std::vector<std::string> looked;
  for (const std::string& place : {join_path(recipe_directory, reference), reference}) {
    if (!looked.empty() && looked.back() == place) continue;
    if (files.exists(place)) return place;
    looked.push_back(place);
  }
  if (const auto name = parse_hub_name(reference)) {
    const std::string model_folder = join_path(hub_cache(), name->folder);
    if (files.is_directory(model_folder)) return find_in_cache(files, *name, model_folder);
    looked.push_back(model_folder);
  }
  return fail(ErrorKind::kInput,
              "model {} not found; looked for '{}'. Wootz downloads nothing: give a path, or fetch the model first "
              "(hf download NAME)",
              printable(reference), fmt::join(looked, "', '"));
}

}  // namespace wootz
