#include "wootz/adapt/log.h"

#include <nlohmann/json.hpp>

#include "wootz/io/file.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json by_task(const std::vector<ObjectiveTask>& tasks, const Value& value) {
  Json object = Json::object();
  for (std::size_t t = 0; t < tasks.size(); ++t) object[tasks[t].name] = value(t);
  return object;
}

// Nothing where a line tells of something else, or of other tasks.
std::optional<AdaptEvaluation> evaluation_of(const Json& line, const std::vector<ObjectiveTask>& tasks) {
  const Json accuracy = line.value("accuracy", Json());
  if (!accuracy.is_object()) return std::nullopt;
  AdaptEvaluation evaluation{line.value("kept", line.value("step", std::size_t{0})), {}, line.value("average", 0.0)};
  for (const ObjectiveTask& task : tasks) {
    if (!accuracy.contains(task.name) || !accuracy[task.name].is_number()) return std::nullopt;
    evaluation.accuracy.push_back(accuracy[task.name].get<double>());
  }
  return evaluation;
}

}  // namespace

Result<std::vector<AdaptEvaluation>> AdaptLog::start(std::size_t steps) {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 32;
  std::string kept;
  std::vector<AdaptEvaluation> evaluations;
  if (steps > 0 && files_.exists(path_)) {
    WOOTZ_TRY(const std::string text, read_text(files_, path_, kLargest));
    for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const Json line = Json::parse(text.substr(begin, end - begin), nullptr, false);
      if (!line.is_object() || line.value("step", steps + 1) > steps) continue;
      kept += text.substr(begin, end + 1 - begin);
      if (const auto evaluation = evaluation_of(line, tasks_)) evaluations.push_back(*evaluation);
    }
  }
  WOOTZ_RETURN_IF_ERROR(write_text_atomically(files_, path_, kept));
  return evaluations;
}

Result<> AdaptLog::step(std::size_t step, double loss, double learning_rate, const std::vector<TaskSums>& sums,
                        const Objective& objective) {
  const Json line = {{"step", step},
                     {"loss", loss},
                     {"learning_rate", learning_rate},
                     {"entropy", by_task(tasks_, [&](std::size_t t) { return sums[t].mean_entropy(); })},
                     {"classes", by_task(tasks_, [&](std::size_t t) { return objective.effective_classes(t); })}};
  return files_.append(path_, line.dump() + "\n");
}

Result<> AdaptLog::look(std::size_t step, const std::vector<double>& look) {
  const Json line = {{"step", step},
                     {"agreement", by_task(tasks_, [&](std::size_t t) { return look[t]; })},
                     {"spread", by_task(tasks_, [&](std::size_t t) { return look[tasks_.size() + t]; })}};
  return files_.append(path_, line.dump() + "\n");
}

Result<> AdaptLog::evaluation(std::size_t step, const AdaptEvaluation& evaluation) {
  Json line = {{"step", step}};
  if (evaluation.step != step) line["kept"] = evaluation.step;
  line["accuracy"] = by_task(tasks_, [&](std::size_t t) { return evaluation.accuracy[t]; });
  line["average"] = evaluation.average;
  return files_.append(path_, line.dump() + "\n");
}

}  // namespace wootz
