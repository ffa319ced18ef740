#include <fmt/ranges.h>

#include "wootz/search/search.h"

namespace wootz {
namespace {

std::string percent(double fraction) { return fmt::format("{:.2f} %", 100.0 * fraction); }

}  // namespace

std::string_view search_method_name(SearchMethod method) {
  switch (method) {
    case SearchMethod::kGrid:
      return "grid";
    case SearchMethod::kGolden:
      return "golden";
    case SearchMethod::kCma:
      return "cmaes";
  }
  return "";
}

std::string search_comment(const SearchResult& result) {
  const Candidate& best = result.candidates[result.best];
  std::string text = fmt::format("{}{} found by wootz search ({}), the best of {} candidates.\n", result.parameter,
                                 result.models.empty() ? "" : " of each model", search_method_name(result.method),
                                 result.candidates.size());
  text += fmt::format("Split '{}'{}.\n", result.split,
                      result.test_labels ? ": this is what a task is tested on, so its accuracy is no estimate any more"
                                         : ", no test labels used");
  text += fmt::format("Mean accuracy over {} task{}: {}.\n", best.tasks.size(), best.tasks.size() == 1 ? "" : "s",
                      percent(best.mean.accuracy));
  for (const CandidateScore& score : best.tasks)
    text += fmt::format("  {}: {} of {} items\n", score.task, percent(score.accuracy), score.items);
  return text;
}

}  // namespace wootz
