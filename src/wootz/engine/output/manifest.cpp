#include "wootz/engine/output/manifest.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/engine/output/json_values.h"
#include "wootz/engine/output/version.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

Json describe_models(const Sources& sources) {
  Json models = Json::array();
  for (std::size_t i = 0; i < sources.models.size(); ++i) {
    const Source& source = sources.models[i];
    Json files = Json::array();
    for (const WeightFile& file : source.checkpoint.files())
      files.push_back({{"name", file.name}, {"size", file.size}, {"header_digest", file.header_digest}});
    models.push_back({{"reference", source.reference}, {"base", sources.base == i}, {"files", std::move(files)}});
  }
  return models;
}

Json describe_output(const MergePlan& plan, const std::map<std::string, std::string>& side_files) {
  Json files = Json::array();
  for (const PlannedOutput& output : plan.outputs)
    for (const OutputShard& shard : output.shards)
      files.push_back({{"name", join_path(output.folder, shard.name)},
                       {"size", shard.size},
                       {"header_digest", bytes_digest(std::as_bytes(std::span(shard.header)))}});
  Json others = Json::array();
  for (const auto& [name, digest] : side_files) others.push_back({{"name", name}, {"digest", digest}});
  return {{"weight_files", std::move(files)}, {"side_files", std::move(others)}};
}

Json task_vector_norms(const TensorRecord& record) {
  Json norms = Json::array();
  for (std::size_t lane = 0; lane < record.lanes; ++lane)
    norms.push_back(json_number(record.statistics.norm(lane, record.lanes)));
  return norms;
}

// Rows of the upper triangle: cosines[i] holds those of lane i with lanes i+1 ...
Json cosines(const TensorRecord& record) {
  Json rows = Json::array();
  for (std::size_t a = 0; a + 1 < record.lanes; ++a) {
    Json row = Json::array();
    for (std::size_t b = a + 1; b < record.lanes; ++b)
      row.push_back(json_number(record.statistics.cosine(a, b, record.lanes)));
    rows.push_back(std::move(row));
  }
  return rows;
}

void describe_merge(Json& entry, const PlannedTensor& tensor, const TensorRecord& record) {
  const TensorStatistics& statistics = record.statistics;
  const bool based = tensor.base != nullptr;
  if (based) entry["base_norm"] = json_number(std::sqrt(statistics.base_square));
  entry["output_norm"] = json_number(std::sqrt(statistics.output_square));
  entry[based ? "task_vector_norms" : "model_norms"] = task_vector_norms(record);
  entry[based ? "task_vector_cosines" : "model_cosines"] = cosines(record);
  entry["sign_conflict_rate"] = json_number(statistics.conflict_rate());
  entry["nonfinite"] = {{"base", statistics.base_nonfinite},
                        {"models", statistics.lane_nonfinite},
                        {"output", statistics.output_nonfinite}};
  for (const Fact& fact : record.facts) {
    const Json values = json_numbers(fact.values);
    entry["facts"][fact.name] = values.size() == 1 ? values.front() : values;
  }
}

Json describe_tensor(const MergePlan& plan, const PlannedTensor& tensor, const TensorRecord& record) {
  Json inputs = Json::object();
  for (std::size_t model = 0; model < record.input_digests.size(); ++model)
    if (!record.input_digests[model].empty())
      inputs[plan.sources.models[model].reference] = record.input_digests[model];
  Json places = Json::array();
  for (std::size_t output = 0; output < plan.outputs.size(); ++output) {
    const std::optional<PlannedPlace>& place = tensor.places[output];
    if (!place) continue;
    const PlannedOutput& planned = plan.outputs[output];
    places.push_back({{"file", join_path(planned.folder, planned.shards[place->shard].name)},
                      {"dtype", dtype_name(place->dtype)},
                      {"digest", record.digests[output]}});
  }
  Json entry = {{"name", tensor.name},   {"file", places[0]["file"]},     {"dtype", places[0]["dtype"]},
                {"shape", tensor.shape}, {"digest", places[0]["digest"]}, {"inputs", std::move(inputs)}};
  places.erase(0);
  if (!places.empty()) entry["further_outputs"] = std::move(places);
  if (record.merged) {
    describe_merge(entry, tensor, record);
  } else {
    entry["copied"] = true;
    entry["copies_differ"] = record.copies_differ;
  }
  return entry;
}

}  // namespace

std::string encode_manifest(const MergePlan& plan, const std::vector<std::optional<TensorRecord>>& records,
                            const std::map<std::string, std::string>& side_files) {
  Json tensors = Json::array();
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const auto has_place = [](const std::optional<PlannedPlace>& place) { return place.has_value(); };
    if (std::none_of(plan.tensors[i].places.begin(), plan.tensors[i].places.end(), has_place)) continue;
    WOOTZ_CHECK(records[i].has_value());
    tensors.push_back(describe_tensor(plan, plan.tensors[i], *records[i]));
  }
  Json transforms = Json::array();
  for (const RecipeTransform& transform : plan.recipe.transforms) transforms.push_back(transform.method->name);
  Json updates = Json::array();
  for (const RecipeTransform& update : plan.recipe.updates) updates.push_back(update.method->name);
  Json lanes = Json::array();
  for (std::size_t lane : plan.sources.lanes) lanes.push_back(plan.sources.models[lane].reference);
  Json manifest = {{"format", "wootz-manifest/1"},
                   {"wootz", version()},
                   {"method", plan.recipe.method->name},
                   {"task_vector_transforms", std::move(transforms)},
                   {"seed", plan.recipe.seed},
                   {"lanes", std::move(lanes)},
                   {"recipe", plan.recipe.text},
                   {"models", describe_models(plan.sources)},
                   {"output", describe_output(plan, side_files)},
                   {"tensors", std::move(tensors)}};
  if (!updates.empty()) manifest["update_transforms"] = std::move(updates);
  return manifest.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != "wootz-manifest/1")
      return fail(ErrorKind::kInput, "manifest format {} is not known to this version", json.at("format").dump());
    Manifest manifest;
    for (const Json& file : json.at("output").at("weight_files"))
      manifest.weight_files.push_back({file.at("name"), file.at("size"), file.at("header_digest"), ""});
    for (const Json& file : json.at("output").at("side_files"))
      manifest.side_files.push_back({file.at("name"), 0, "", file.at("digest")});
    for (const Json& tensor : json.at("tensors")) {
      manifest.tensors.push_back({tensor.at("name"), tensor.at("file"), tensor.at("digest")});
      if (!tensor.contains("further_outputs")) continue;
      for (const Json& place : tensor["further_outputs"])
        manifest.tensors.push_back({tensor.at("name"), place.at("file"), place.at("digest")});
    }
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::kInput, "not a wootz manifest: {}", error.what());
  }
}

}  // namespace wootz
