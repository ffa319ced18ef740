#include "wootz/recipe/unsupported.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wootz/core/nearest.h"

namespace wootz {
namespace {

struct Advice {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Advice, 10> kForeignKeys{{
    {"slices",
     "'slices' (layer ranges, stacked layers) is not supported, Wootz merges whole models: where every slice covers "
     "all "
     "layers, list the models under 'models:' instead"},
    {"modules",
     "'modules' is not supported: list the whole models under 'models:', every tensor is merged by its name; give "
     "parts "
     "their own values with filters, such as {filter: vision_tower, value: 0.5}"},
    {"tokenizer",
     "'tokenizer' (building a new vocabulary) is not supported: remove it; 'tokenizer_source: base' or a model says "
     "whose tokenizer files are copied"},
    {"chat_template",
     "'chat_template' is not supported, tokenizer files are copied unchanged: remove it and edit the template in the "
     "output"},
    {"random_seed", "unknown key 'random_seed': write 'seed'"},
    {"random-seed", "unknown key 'random-seed': write 'seed'"},
    {"input_model_parameters",
     "'input_model_parameters' is gone, also from mergekit: write 'parameters' at each model"},
    {"experts",
     "'experts' makes this a mergekit-moe recipe, which is not supported: Wootz merges models of one architecture"},
    {"gate_mode", "'gate_mode' belongs to mergekit-moe recipes, which are not supported: remove it"},
    {"name", "'name' belongs to mergekit-multi, which is not supported: remove it and run one recipe after the other"},
}};

constexpr std::array<Advice, 7> kForeignMethods{{
    {"nuslerp", "for two models, 'slerp' with base_model: the first and t: w2 / (w1 + w2) is the same interpolation"},
    {"multislerp", "'slerp' interpolates two models, 'linear' averages any number"},
    {"karcher", "'slerp' interpolates two models, 'linear' averages any number"},
    {"nearswap", "'slerp' interpolates two models"},
    {"arcee_fusion", "'sce' and 'breadcrumbs' also keep only the entries that matter"},
    {"ram", "'ties' and 'sce' also settle where models overlap"},
    {"ramplus_tl", "'ties' and 'sce' also settle where models overlap"},
}};

template <std::size_t N>
std::string_view find_advice(const std::array<Advice, N>& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Advice& row) { return row.name == name; });
  return found == table.end() ? std::string_view() : found->text;
}

// 'task_vectors' needs a merge method beside it: name one that combines task vectors.
std::string_view task_vector_method(const Registry& registry) {
  if (registry.find(MethodKind::kMerge, "task_arithmetic") != nullptr) return "task_arithmetic";
  for (const MethodSpec* method : registry.all(MethodKind::kMerge))
    if (method->lanes == Lanes::kTaskVectors) return method->name;
  return "";
}

}  // namespace

std::string_view unsupported_key(std::string_view key) { return find_advice(kForeignKeys, key); }

std::string unknown_merge_method(std::string_view name, const Registry& registry) {
  if (const std::string_view advice = find_advice(kForeignMethods, name); !advice.empty())
    return fmt::format("mergekit's merge_method '{}' is not supported: {}", name, advice);
  if (registry.find(MethodKind::kTransform, name) != nullptr)
    return fmt::format(
        "'{0}' is a transform, not a merge_method: write 'task_vectors: [{0}]' beside 'merge_method: {1}'", name,
        task_vector_method(registry));
  return fmt::format("unknown merge_method {}{}", shown(name), suggestion(name, registry.names(MethodKind::kMerge)));
}

std::string learning_methods(const Registry& registry) {
  std::string names;
  for (const MethodSpec* method : registry.all(MethodKind::kMerge))
    if (method->learns()) names += (names.empty() ? "" : ", ") + method->name;
  return names;
}

std::string unknown_transform(std::string_view name, const Registry& registry) {
  const std::vector<std::string> names = registry.names(MethodKind::kTransform);
  if (registry.find(MethodKind::kMerge, name) != nullptr)
    return fmt::format("'{}' is a merge_method, not a transform of task vectors (transforms: {})", name,
                       fmt::join(names, ", "));
  return fmt::format("unknown transform {}{}", shown(name), suggestion(name, names));
}

bool is_inert_parameter(std::string_view name) { return name == "int8_mask"; }

}  // namespace wootz
