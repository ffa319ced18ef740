// wootz inspect: tensors and norms; task vectors, their cosines and sign conflicts.
#include <cmath>

#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "inspect_groups.h"
#include "inspect_text.h"
#include "json_output.h"
#include "progress_meter.h"

namespace wootz::cli {
namespace {

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

Json inspection_json(const Inspection& inspection, InspectCommand::View view) {
  Json json = {{"models", inspection.models}, {"base", inspection.base ? Json(*inspection.base) : Json(nullptr)}};
  if (view == InspectCommand::View::kLayers) {
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

}  // namespace

Result<int> run(const InspectCommand& command) {
  Result<Inspection> inspected;
  {
    ProgressMeter meter(command.quiet);
    InspectOptions options;
    options.base = command.base;
    options.threads = command.threads;
    options.progress = meter.callback();
    inspected = inspect_models(posix_file_system(), command.models, options);
  }
  if (!inspected) return tl::unexpected(std::move(inspected).error());
  if (command.json)
    print_json(inspection_json(*inspected, command.view));
  else
    print_out(inspection_text(*inspected, command.view));
  return 0;
}

}  // namespace wootz::cli
