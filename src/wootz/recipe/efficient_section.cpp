#include "wootz/recipe/efficient_section.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/recipe/param_values.h"
#include "wootz/recipe/unsupported.h"

namespace wootz {
namespace {

const std::vector<std::string> kKeys = {"keep", "shared_router", "layer_code"};

}  // namespace

void read_efficient(const YamlNode& node, const MethodSpec& method, Reporter& report,
                    std::vector<ParamSetting>& settings) {
  if (find_param(method.parameters, "shared_router") == nullptr) {
    report.error(node.place, "'efficient' belongs to 'merge_method: wemoe', and '{}' knows no routers: remove it",
                 method.name);
    return;
  }
  if (node.is_scalar() && node.text == "false") return;
  if (!node.is_mapping() && !(node.is_scalar() && node.text == "true")) {
    report.error(node.place, "'efficient' must be true, or a mapping such as {{keep: 0.1, shared_router: true}}");
    return;
  }
  std::vector<ParamSetting> read;
  for (const YamlEntry& entry : node.entries) {
    if (std::find(kKeys.begin(), kKeys.end(), entry.key) == kKeys.end())
      report.error(entry.place, "unknown key {} of 'efficient'{}", shown(entry.key), suggestion(entry.key, kKeys));
    else if (!entry.value->is_scalar())
      report.error(entry.value->place, "'{}' takes one value for all tensors: no list", entry.key);
    else
      read.push_back(read_setting(entry, *find_param(method.parameters, entry.key), report));
  }
  const auto add = [&](std::string name, double value) {
    read.push_back({std::move(name), {{"", {value}, report.at(node.place)}}});
  };
  const std::vector<std::string>& storages = find_param(method.parameters, "storage")->choices;
  add("storage", static_cast<double>(std::find(storages.begin(), storages.end(), "sparse") - storages.begin()));
  if (find_setting(read, "shared_router") == nullptr) add("shared_router", 1.0);
  for (ParamSetting& setting : read) {
    if (find_setting(settings, setting.name) != nullptr)
      report.error(node.place, "'efficient' sets '{0}', and so do 'parameters': give it in one of them", setting.name);
    settings.push_back(std::move(setting));
  }
}

}  // namespace wootz
