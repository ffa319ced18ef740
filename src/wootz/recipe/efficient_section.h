// `efficient:`, the short form of E-WEMoE's parameters (arXiv 2410.21804).
#pragma once

#include <vector>

#include "wootz/recipe/recipe.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// `true`, or a mapping of keep, shared_router and layer_code, as further settings of the method: sparse storage, a
/// tenth of the values, one router. What is set already is an error.
void read_efficient(const YamlNode& node, const MethodSpec& method, Reporter& report,
                    std::vector<ParamSetting>& settings);

}  // namespace wootz
