#include "wootz/recipe/references.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "wootz/core/nearest.h"

namespace wootz {
namespace {

const std::vector<std::string> kReferenceKeys = {"model"};
const std::vector<std::string> kPathKeys = {"path", "revision"};
constexpr std::string_view kForms = "a path, org/name, or {model: {path: ..., revision: ...}}";

// `text` as mergekit splits it: path[@revision], no +lora.
std::optional<std::string> check_text_form(const YamlNode& node, std::string_view key, Reporter& report) {
  const std::string& text = node.text;
  if (text.empty()) {
    report.error(node.place, "'{}' is empty: write {}", key, kForms);
    return std::nullopt;
  }
  if (text.find('+') != std::string::npos) {
    report.error(node.place,
                 "{} applies a LoRA adapter ('+'), which is not supported: merge the adapter into its model first and "
                 "name the result here (a folder whose name has a '+' is written {{model: {{path: ...}}}})",
                 shown(text));
    return std::nullopt;
  }
  const auto revisions = std::count(text.begin(), text.end(), '@');
  if (revisions > 1 || text.front() == '@' || text.back() == '@') {
    report.error(node.place, "{} is not a model reference: write path, org/name or org/name@revision", shown(text));
    return std::nullopt;
  }
  return text;
}

// The value of `path:` or `revision:`.
std::optional<std::string> read_part(const YamlEntry& entry, Reporter& report) {
  if (entry.value->is_scalar() && !entry.value->text.empty()) return entry.value->text;
  report.error(entry.value->place, "'{}' must be a text", entry.key);
  return std::nullopt;
}

// {path: ..., revision: ...}
std::optional<std::string> read_path(const YamlNode& node, Reporter& report) {
  bool good = true;
  for (const YamlEntry& entry : node.entries) {
    if (std::find(kPathKeys.begin(), kPathKeys.end(), entry.key) != kPathKeys.end()) continue;
    report.error(entry.place, "unknown key {} in a model reference{}", shown(entry.key),
                 suggestion(entry.key, kPathKeys));
    good = false;
  }
  const YamlEntry* path = node.find("path");
  if (path == nullptr) {
    report.error(node.place, "a model reference needs 'path'");
    return std::nullopt;
  }
  std::optional<std::string> reference = read_part(*path, report);
  const YamlEntry* revision = node.find("revision");
  if (revision != nullptr && !revision->value->is_null()) {
    const std::optional<std::string> text = read_part(*revision, report);
    good = good && text;
    if (reference && text) *reference += "@" + *text;
  }
  return good ? reference : std::nullopt;
}

// Reports a key of {model: ..., lora: ..., override_architecture: ...} other than `model`; true if it may stay.
bool check_other_key(const YamlEntry& entry, Reporter& report) {
  if (entry.key == "lora") {
    if (entry.value->is_null()) return true;
    report.error(entry.place,
                 "'lora' is not supported: merge the adapter into its model first and name the result here");
  } else if (entry.key == "override_architecture") {
    if (entry.value->is_null()) return true;
    report.error(entry.place,
                 "'override_architecture' is not supported and not needed: tensors are merged by name, whatever the "
                 "architecture; remove it");
  } else {
    report.error(entry.place, "unknown key {} in a model reference{}", shown(entry.key),
                 suggestion(entry.key, kReferenceKeys));
  }
  return false;
}

std::optional<std::string> read_mapping(const YamlNode& node, std::string_view key, Reporter& report) {
  const YamlEntry* model = node.find("model");
  if (model == nullptr) {
    report.error(node.place, "'{}' must be {}", key, kForms);
    return std::nullopt;
  }
  bool good = true;
  for (const YamlEntry& entry : node.entries)
    if (&entry != model) good = check_other_key(entry, report) && good;
  std::optional<std::string> reference;
  if (model->value->is_mapping())
    reference = read_path(*model->value, report);
  else if (model->value->is_scalar())
    reference = check_text_form(*model->value, key, report);
  else
    report.error(model->value->place, "'model' must be a path or {{path: ..., revision: ...}}");
  return good ? reference : std::nullopt;
}

}  // namespace

std::optional<std::string> read_reference(const YamlNode& node, std::string_view key, Reporter& report) {
  if (node.is_scalar()) return check_text_form(node, key, report);
  if (node.is_mapping()) return read_mapping(node, key, report);
  report.error(node.place, "'{}' must be {}", key, kForms);
  return std::nullopt;
}

bool same_reference(std::string_view a, std::string_view b) {
  const auto normal = [](std::string_view text) {
    std::string path = std::filesystem::path(text).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  };
  return a == b || normal(a) == normal(b);
}

}  // namespace wootz
