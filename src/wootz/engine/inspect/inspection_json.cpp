#include "wootz/engine/inspect/inspection_json.h"

#include <cmath>

#include "wootz/engine/inspect/inspection_groups.h"
#include "wootz/engine/output/json_values.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

Json statistics_json(const TensorStatistics& statistics, const Inspection& inspection) {
  const std::size_t lanes = inspection.models.size();
  Json norms = Json::array();
  Json cosines = Json::array();
  for (std::size_t a = 0; a < lanes; ++a) {
    norms.push_back(json_number(statistics.norm(a, lanes)));
    Json row = Json::array();
    for (std::size_t b = 0; b < lanes; ++b) row.push_back(json_number(statistics.cosine(a, b, lanes)));
    cosines.push_back(std::move(row));
  }
  Json json;
  if (inspection.base) json["base_norm"] = json_number(std::sqrt(statistics.base_square));
  json[inspection.base ? "task_vector_norms" : "norms"] = std::move(norms);
  if (lanes > 1) {
    json["cosines"] = std::move(cosines);
    json["sign_conflict_rate"] = json_number(statistics.conflict_rate());
  }
  json["nonfinite"] = statistics.base_nonfinite + statistics.lane_nonfinite;
  return json;
}

Json group_json(const InspectedGroup& group, const Inspection& inspection) {
  Json json = {{"name", group.name},
               {"tensors", group.tensors},
               {"compared", group.compared},
               {"elements", group.elements},
               {"bytes", group.bytes}};
  if (group.compared != 0) json.update(statistics_json(group.statistics, inspection));
  return json;
}

}  // namespace

nlohmann::ordered_json inspection_json(const Inspection& inspection, InspectionRows rows) {
  Json json = {{"models", inspection.models}, {"base", inspection.base ? Json(*inspection.base) : Json(nullptr)}};
  if (rows == InspectionRows::kLayers) {
    json["layers"] = Json::array();
    for (const InspectedGroup& layer : layers_of(inspection)) json["layers"].push_back(group_json(layer, inspection));
  } else {
    json["tensors"] = Json::array();
    for (const InspectedTensor& tensor : inspection.tensors) {
      Json entry = {{"name", tensor.name}, {"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}};
      if (tensor.compared) entry.update(statistics_json(tensor.statistics, inspection));
      json["tensors"].push_back(std::move(entry));
    }
  }
  json["total"] = group_json(total_of(inspection), inspection);
  json["notes"] = inspection.notes;
  return json;
}

}  // namespace wootz
