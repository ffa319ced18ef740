// An inspection as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "wootz/engine/inspect/inspect.h"

namespace wootz {

enum class InspectionRows { kTensors, kLayers };

/// Models, base, a row a tensor or a layer, the total and the notes. Norms and cosines that are not finite are null.
nlohmann::ordered_json inspection_json(const Inspection& inspection, InspectionRows rows);

}  // namespace wootz
