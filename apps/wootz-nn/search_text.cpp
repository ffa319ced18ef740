#include "search_text.h"

#include "format.h"
#include "table.h"

namespace wootz::cli {
namespace {

std::string head_text(const SearchResult& result) {
  return fmt::format("Accuracy on '{}', %{}\n", result.split,
                     result.test_labels ? "; tasks are tested on these items, so it is no estimate for the best one"
                                        : "; no test labels are used");
}

Table candidates_table(const SearchResult& result) {
  Table table;
  table.add_column("", Table::Align::kLeft);
  table.add_column(result.models.empty() ? result.parameter : "candidate", Table::Align::kLeft);
  for (const CandidateScore& score : result.candidates.front().tasks) table.add_column(score.task);
  table.add_column("average");
  table.add_column("loss");
  for (std::size_t i = 0; i < result.candidates.size(); ++i) {
    const Candidate& candidate = result.candidates[i];
    std::vector<std::string> cells = {i == result.best ? "*" : "", result.models.empty()
                                                                       ? fmt::format("{}", candidate.values[0])
                                                                       : std::to_string(i + 1)};
    for (const CandidateScore& score : candidate.tasks) cells.push_back(format_percent(score.accuracy));
    cells.push_back(format_percent(candidate.mean.accuracy));
    cells.push_back(fmt::format("{:.4f}", candidate.mean.loss));
    table.add_row(std::move(cells));
  }
  return table;
}

std::string best_text(const SearchResult& result) {
  const Candidate& best = result.candidates[result.best];
  const std::string average = format_percent(best.mean.accuracy);
  if (result.models.empty()) return fmt::format("Best: {} {}, {} %\n", result.parameter, best.values[0], average);
  Table table;
  table.add_column("");
  table.add_column("", Table::Align::kLeft);
  for (std::size_t i = 0; i < result.models.size(); ++i)
    table.add_row({fmt::format("{}", best.values[i]), result.models[i]});
  return fmt::format("Best: candidate {}, {} %, with {}\n{}", result.best + 1, average, result.parameter,
                     table.text(2));
}

// "11 candidates from 1 merge"
std::string effort_text(const SearchResult& result) {
  return fmt::format("{} from {} in {}\n", count_of(result.candidates.size(), "candidate"),
                     count_of(result.merges, "merge"), format_duration(result.seconds));
}

}  // namespace

std::string search_text(const SearchResult& result) {
  return head_text(result) + candidates_table(result).text() + "\n" + best_text(result) + effort_text(result);
}

}  // namespace wootz::cli
