#include "wootz/search/search_json.h"

#include "wootz/engine/output/json_values.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

std::string_view route_name(Route route) {
  switch (route) {
    case Route::kScaled:
      return "scaled";
    case Route::kAdded:
      return "added";
    case Route::kMerged:
      return "merged";
  }
  return "";
}

Json candidate_json(const Candidate& candidate, bool per_model) {
  Json tasks = Json::object();
  for (const CandidateScore& score : candidate.tasks)
    tasks[score.task] = {{"accuracy", score.accuracy}, {"loss", json_number(score.loss)}, {"items", score.items}};
  return {{"value", per_model ? Json(candidate.values) : Json(candidate.values[0])},
          {"average", candidate.mean.accuracy},
          {"loss", json_number(candidate.mean.loss)},
          {"tasks", std::move(tasks)}};
}

}  // namespace

nlohmann::ordered_json search_json(const SearchResult& result, const std::string& output) {
  Json json = {{"output", output},
               {"parameter", result.parameter},
               {"method", search_method_name(result.method)},
               {"split", result.split},
               {"test_labels", result.test_labels}};
  if (!result.models.empty()) json["models"] = result.models;
  json["candidates"] = Json::array();
  for (const Candidate& candidate : result.candidates)
    json["candidates"].push_back(candidate_json(candidate, !result.models.empty()));
  json["best"] = result.best;
  json["route"] = route_name(result.route);
  json["merges"] = result.merges;
  json["skipped"] = result.skipped;
  json["seconds"] = result.seconds;
  return json;
}

}  // namespace wootz
