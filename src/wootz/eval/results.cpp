#include "wootz/eval/results.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "wootz/core/check.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

Json classes_json(const TaskResult& result) {
  Json list = Json::array();
  for (std::size_t label = 0; label < result.score.classes.size(); ++label) {
    const ClassScore& score = result.score.classes[label];
    Json entry = {{"label", label}};
    if (label < result.class_names.size()) entry["name"] = result.class_names[label];
    entry["accuracy"] =
        score.n == 0 ? Json(nullptr) : Json(static_cast<double>(score.correct) / static_cast<double>(score.n));
    entry["correct"] = score.correct;
    entry["n"] = score.n;
    entry["predicted"] = score.predicted;
    list.push_back(std::move(entry));
  }
  return list;
}

Json task_json(const TaskResult& result, const ResultsDetail& detail) {
  const Score& score = result.score;
  Json json = {{"accuracy", score.accuracy}, {"correct", score.correct}, {"n", score.n},
               {"low", score.low},           {"high", score.high},       {"calibration_error", score.calibration_error},
               {"loss", score.loss},         {"entropy", score.entropy}, {"split", result.split}};
  if (result.normalized) json["normalized"] = *result.normalized;
  if (!result.skipped.empty()) json["skipped"] = result.skipped;
  if (detail.timing) {
    json["seconds"] = result.seconds;
    json["waited_for_data"] = result.waited;
  }
  if (detail.per_class) json["per_class"] = classes_json(result);
  return json;
}

Json row_json(const ResultRow& row, const std::string& precision, const ResultsDetail& detail) {
  Json json = {{"model", row.model}};
  if (row.corruption) {
    json["corruption"] = corruption_name(row.corruption->kind);
    json["severity"] = row.corruption->severity;
  }
  json["precision"] = precision;
  json["tasks"] = Json::object();
  for (const TaskResult& result : row.tasks) json["tasks"][result.task] = task_json(result, detail);
  json["average"] = row.average();
  if (const auto average = row.average_normalized()) json["average_normalized"] = *average;
  return json;
}

// One entry of "results" of an earlier run, as far as it is needed.
struct EarlierRow {
  std::string model;
  std::optional<Corruption> corruption;
  std::map<std::string, double> accuracies;
};

EarlierRow read_row(const nlohmann::json& json) {
  EarlierRow row;
  row.model = json.at("model").get<std::string>();
  if (json.contains("corruption")) {
    const auto kind = parse_corruption(json.at("corruption").get<std::string>());
    if (kind) row.corruption = Corruption{*kind, json.at("severity").get<int>()};
  }
  for (const auto& [task, result] : json.at("tasks").items())
    row.accuracies[task] = result.at("accuracy").get<double>();
  return row;
}

}  // namespace

double ResultRow::average() const {
  WOOTZ_CHECK(!tasks.empty());
  double sum = 0;
  for (const TaskResult& result : tasks) sum += result.score.accuracy;
  return sum / static_cast<double>(tasks.size());
}

std::optional<double> ResultRow::average_normalized() const {
  double sum = 0;
  for (const TaskResult& result : tasks) {
    if (!result.normalized) return std::nullopt;
    sum += *result.normalized;
  }
  return sum / static_cast<double>(tasks.size());
}

std::string results_json(const Results& results, const ResultsDetail& detail) {
  Json rows = Json::array();
  for (const ResultRow& row : results.rows) rows.push_back(row_json(row, results.precision, detail));
  // Names in files need not be UTF-8; what is not is replaced.
  return Json{{"results", std::move(rows)}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void ExpertAccuracies::set(const std::string& task, const std::optional<Corruption>& corruption, double accuracy) {
  accuracies_[{task, corruption ? std::string(corruption_name(corruption->kind)) : "",
               corruption ? corruption->severity : 0}] = accuracy;
}

std::optional<double> ExpertAccuracies::find(const std::string& task,
                                             const std::optional<Corruption>& corruption) const {
  const auto found = accuracies_.find(
      {task, corruption ? std::string(corruption_name(corruption->kind)) : "", corruption ? corruption->severity : 0});
  return found == accuracies_.end() ? std::nullopt : std::optional(found->second);
}

Result<ExpertAccuracies> ExpertAccuracies::load(FileSystem& files, const std::string& path) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxBytes));
  std::vector<EarlierRow> rows;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    for (const nlohmann::json& row : json.at("results")) rows.push_back(read_row(row));
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorKind::kInput, "'{}' is not what 'wootz eval --json' prints", path);
  }
  ExpertAccuracies experts;
  for (const EarlierRow& row : rows)
    for (const auto& [task, accuracy] : row.accuracies)
      experts.set(task, row.corruption, std::max(accuracy, experts.find(task, row.corruption).value_or(accuracy)));
  for (const EarlierRow& row : rows)  // a task's own model wins over the best
    if (const auto own = row.accuracies.find(file_name(row.model)); own != row.accuracies.end())
      experts.set(own->first, row.corruption, own->second);
  return experts;
}

void normalize(Results& results, const ExpertAccuracies& experts) {
  for (ResultRow& row : results.rows)
    for (TaskResult& result : row.tasks)
      if (const auto accuracy = experts.find(result.task, row.corruption); accuracy && *accuracy > 0)
        result.normalized = result.score.accuracy / *accuracy;
}

}  // namespace wootz
