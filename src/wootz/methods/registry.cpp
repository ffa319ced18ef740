#include "wootz/methods/registry.h"

#include <algorithm>
#include <set>

#include "wootz/core/check.h"
#include "wootz/methods/method_table.h"

namespace wootz {

void Registry::add(MethodSpec spec) {
  WOOTZ_CHECK(find(spec.kind, spec.name) == nullptr);
  WOOTZ_CHECK(spec.combination.has_value() == (spec.kind == MethodKind::kMerge));
  std::set<std::string_view> presets;
  for (const AdaptPreset& preset : spec.presets) presets.insert(preset.name);
  WOOTZ_CHECK(presets.size() == spec.presets.size());
  WOOTZ_CHECK(!spec.learns() || spec.kind == MethodKind::kMerge);
  const auto after = [](const std::unique_ptr<MethodSpec>& a, const std::string& name) { return a->name < name; };
  const auto place = std::lower_bound(specs_.begin(), specs_.end(), spec.name, after);
  specs_.insert(place, std::make_unique<MethodSpec>(std::move(spec)));
}

const MethodSpec* Registry::find(MethodKind kind, std::string_view name) const {
  for (const auto& spec : specs_)
    if (spec->kind == kind && spec->name == name) return spec.get();
  return nullptr;
}

std::vector<const MethodSpec*> Registry::all(MethodKind kind) const {
  std::vector<const MethodSpec*> found;
  for (const auto& spec : specs_)
    if (spec->kind == kind) found.push_back(spec.get());
  return found;
}

std::vector<std::string> Registry::names(MethodKind kind) const {
  std::vector<std::string> names;
  for (const MethodSpec* spec : all(kind)) names.push_back(spec->name);
  return names;
}

const Registry& builtin_methods() {
  static const Registry registry = [] {
    Registry made;
    register_builtin_methods(made);
    return made;
  }();
  return registry;
}

}  // namespace wootz
