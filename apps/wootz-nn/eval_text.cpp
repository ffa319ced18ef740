#include "eval_text.h"

#include <algorithm>

#include "format.h"
#include "table.h"

namespace wootz::cli {
namespace {

// "motion_blur, severity 5"
std::string condition_text(const std::optional<Corruption>& corruption) {
  return corruption ? fmt::format("{}, severity {}", corruption_name(corruption->kind), corruption->severity) : "clean";
}

std::string cell(double accuracy, const std::optional<double>& normalized) {
  return format_percent(accuracy) + (normalized ? fmt::format(" ({})", format_percent(*normalized)) : "");
}

std::string task_cell(const TaskResult& result, bool interval) {
  if (!interval) return cell(result.score.accuracy, result.normalized);
  return fmt::format("{} ±{}{}", format_percent(result.score.accuracy),
                     format_percent((result.score.high - result.score.low) / 2.0),
                     result.normalized ? fmt::format(" ({})", format_percent(*result.normalized)) : "");
}

bool same_condition(const ResultRow& a, const ResultRow& b) {
  return a.corruption.has_value() == b.corruption.has_value() &&
         (!a.corruption ||
          (a.corruption->kind == b.corruption->kind && a.corruption->severity == b.corruption->severity));
}

// The rows by condition, conditions in the order they first appear.
std::vector<std::vector<const ResultRow*>> groups_of(const Results& results) {
  std::vector<std::vector<const ResultRow*>> groups;
  for (const ResultRow& row : results.rows) {
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& other) { return same_condition(*other.front(), row); });
    if (group == groups.end())
      groups.push_back({&row});
    else
      group->push_back(&row);
  }
  return groups;
}

}  // namespace

std::string results_text(const Results& results) {
  const auto groups = groups_of(results);
  const bool single = groups.front().size() == 1;
  const bool grouped = groups.size() > 1;
  Table table;
  table.add_column(grouped ? "" : "model", Table::Align::kLeft);
  for (const TaskResult& result : results.rows.front().tasks) table.add_column(result.task);
  table.add_column("average");
  for (const auto& group : groups) {
    if (grouped) table.add_row({condition_text(group.front()->corruption)});
    for (const ResultRow* row : group) {
      std::vector<std::string> cells = {(grouped ? "  " : "") + row->model};
      for (const TaskResult& result : row->tasks) cells.push_back(task_cell(result, single));
      cells.push_back(cell(row->average(), row->average_normalized()));
      table.add_row(std::move(cells));
    }
  }
  const bool normalized = std::any_of(results.rows.begin(), results.rows.end(), [](const ResultRow& row) {
    return std::any_of(row.tasks.begin(), row.tasks.end(), [](const TaskResult& task) { return task.normalized; });
  });
  return fmt::format("Accuracy, %{}{}\n{}", single ? ", with 95 % intervals" : "",
                     normalized ? " (in brackets: of the expert's)" : "", table.text());
}

std::string classes_text(const Results& results) {
  std::string text;
  for (const ResultRow& row : results.rows)
    for (const TaskResult& result : row.tasks) {
      text += fmt::format("\n{}: {}{}\n", row.model, result.task,
                          row.corruption ? ", " + condition_text(row.corruption) : "");
      Table table;
      table.add_column("class", Table::Align::kLeft);
      for (const char* header : {"accuracy", "correct", "items", "chosen"}) table.add_column(header);
      for (std::size_t label = 0; label < result.score.classes.size(); ++label) {
        const ClassScore& score = result.score.classes[label];
        table.add_row(
            {label < result.class_names.size() ? result.class_names[label] : std::to_string(label),
             score.n == 0 ? "-" : format_percent(static_cast<double>(score.correct) / static_cast<double>(score.n)),
             std::to_string(score.correct), std::to_string(score.n), std::to_string(score.predicted)});
      }
      text += table.text(2);
    }
  return text;
}

}  // namespace wootz::cli
