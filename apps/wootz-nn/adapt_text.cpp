#include "adapt_text.h"

#include "format.h"
#include "table.h"

namespace wootz::cli {
namespace {

Json task_json(const AdaptTaskReport& task) {
  Json json = {{"name", task.name},
               {"expert", task.expert},
               {"classes", task.classes},
               {"entropy", {json_number(task.first_entropy), json_number(task.last_entropy)}},
               {"spread", {json_number(task.first_spread), json_number(task.last_spread)}},
               {"collapsed", task.has_collapsed()}};
  if (task.first_agreement) json["agreement"] = {*task.first_agreement, *task.last_agreement};
  return json;
}

Json evaluation_json(const AdaptReport& report, const AdaptEvaluation& evaluation) {
  Json accuracy = Json::object();
  for (std::size_t t = 0; t < report.tasks.size(); ++t) accuracy[report.tasks[t].name] = evaluation.accuracy[t];
  return {{"step", evaluation.step}, {"accuracy", accuracy}, {"average", evaluation.average}};
}

std::string from_to(double first, double last, int digits) {
  return fmt::format("{:.{}f} > {:.{}f}", first, digits, last, digits);
}

std::string tasks_text(const AdaptReport& report) {
  const bool guarded = !report.tasks.empty() && report.tasks.front().first_agreement.has_value();
  Table table;
  table.add_column("task", Table::Align::kLeft);
  table.add_column("entropy");
  table.add_column("classes predicted");
  if (guarded) table.add_column("agrees with its teacher, %");
  for (const AdaptTaskReport& task : report.tasks) {
    std::vector<std::string> cells = {
        task.name, from_to(task.first_entropy, task.last_entropy, 3),
        fmt::format("{} of {}", from_to(task.first_spread, task.last_spread, 1), task.classes)};
    if (guarded) cells.push_back(from_to(100 * *task.first_agreement, 100 * *task.last_agreement, 1));
    table.add_row(std::move(cells));
  }
  return table.text(2);
}

std::string evaluations_text(const AdaptReport& report) {
  if (report.evaluations.empty()) return "";
  Table table;
  table.add_column("step");
  for (const AdaptTaskReport& task : report.tasks) table.add_column(task.name);
  table.add_column("average");
  // Without a guard it is the last one, of course.
  const std::optional<std::size_t> marked =
      report.kept_step == report.steps ? std::nullopt : std::optional(report.kept_step);
  for (const AdaptEvaluation& each : report.evaluations) {
    std::vector<std::string> cells = {format_count(each.step) + (each.step == marked ? ", kept" : "")};
    for (const double accuracy : each.accuracy) cells.push_back(fmt::format("{:.2f}", 100 * accuracy));
    cells.push_back(fmt::format("{:.2f}", 100 * each.average));
    table.add_row(std::move(cells));
  }
  return "Accuracy, %:\n" + table.text(2);
}

}  // namespace

Json adapt_json(const std::string& output, const AdaptReport& report, const ProcessMemory& peak) {
  Json tasks = Json::array(), evaluations = Json::array();
  for (const AdaptTaskReport& task : report.tasks) tasks.push_back(task_json(task));
  for (const AdaptEvaluation& each : report.evaluations) evaluations.push_back(evaluation_json(report, each));
  return {{"output", output},
          {"steps", report.steps},
          {"resumed_at", report.resumed_at},
          {"kept_step", report.kept_step},
          {"ended", report.ended},
          {"learned_values", report.learned},
          {"loss", {json_number(report.first_loss), json_number(report.last_loss)}},
          {"tasks", tasks},
          {"evaluations", evaluations},
          {"seconds", report.seconds},
          {"seconds_per_step", report.seconds_per_step},
          {"waited_for_data", report.waited},
          {"segments", report.segments},
          {"micro_batch", report.micro_batch},
          {"peak_memory", peak.resident},
          {"peak_anonymous", peak.anonymous},
          {"skipped", report.skipped}};
}

std::string adapt_text(const std::string& output, const AdaptReport& report) {
  std::string text;
  if (report.resumed_at > 0)
    text += fmt::format("Went on from step {} of an earlier run\n", format_count(report.resumed_at));
  if (report.steps == 0)
    return "No step was taken: this is the merge that learning starts from\n" + evaluations_text(report) +
           fmt::format("Output: {}\n", output);
  text += fmt::format("Learned {} in {} ({} a step); loss {} at first, {} at last\n", count_of(report.learned, "value"),
                      count_of(report.steps, "step"), format_duration(report.seconds_per_step),
                      format_number(report.first_loss), format_number(report.last_loss));
  if (!report.ended.empty()) text += fmt::format("Ended early: {}\n", report.ended);
  if (report.kept_step != report.steps) text += fmt::format("Kept the state of step {}\n", report.kept_step);
  text += tasks_text(report) + evaluations_text(report);
  return text + fmt::format("Output: {}\nNext: wootz eval {} --tasks TASKS.yml\n", output, output);
}

}  // namespace wootz::cli
