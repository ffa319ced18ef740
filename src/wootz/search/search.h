// Finds a merge's coefficients on held-out data: merges candidates, evaluates them, keeps the best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/eval/evaluate.h"
#include "wootz/recipe/recipe.h"
#include "wootz/search/candidates.h"
#include "wootz/search/strategies.h"

namespace wootz {

enum class SearchMethod { kGrid, kGolden, kCma };

struct SearchOptions {
  std::string parameter;  ///< "lambda", "ties.density"; "": see find_target
  SearchMethod method = SearchMethod::kGrid;
  std::vector<double> grid;       ///< of kGrid; empty: 0, 0.1, ..., 1
  std::optional<double> low;      ///< of kGolden (default 0) and kCma (default: none)
  std::optional<double> high;     ///< of kGolden (default 1) and kCma (default: none)
  std::size_t evaluations = 0;    ///< of kGolden (0: 12) and kCma (0: 100)
  std::uint64_t seed = 0;         ///< of kCma
  EvaluateOptions evaluate = {};  ///< split ("": validation) and limits; cache and corruption are not used
  ModelOptions model;
  std::uint64_t max_memory = std::uint64_t{4} << 30;  ///< most bytes of merges and data kept between candidates
  std::string work_directory;                         ///< made, and removed with all in it; default OUT.wootz-work
  bool overwrite = false;                             ///< replace an existing OUT
  ProgressCallback progress;
};

struct CandidateScore {
  std::string task;
  double accuracy = 0;
  double loss = 0;
  std::size_t items = 0;
};

struct Candidate {
  std::vector<double> values;  ///< one, or one a model
  std::vector<CandidateScore> tasks;
  Quality mean;  ///< over the tasks
};

struct SearchResult {
  std::string parameter;
  std::vector<std::string> models;  ///< whose values a candidate has, when it has one for each
  SearchMethod method = SearchMethod::kGrid;
  std::string split;
  bool test_labels = false;           ///< whether the split is the one a task is evaluated on
  std::vector<Candidate> candidates;  ///< in the order they were evaluated
  std::size_t best = 0;               ///< index; the first of equals
  Route route = Route::kMerged;
  std::size_t merges = 0;
  std::vector<std::string> skipped;  ///< messages of damaged items, of the first candidate
  double seconds = 0;
  Recipe recipe;  ///< what was written
};

/// Searches and writes the recipe with the best values to `output`, with a comment that says how they were found.
/// Fails (kUsage) before anything is merged when the parameter, the values or the tasks do not fit the recipe, and
/// (kUsage) when `output` exists. Nothing is written unless the search is complete.
/// Requires: `recipe` was parsed without errors.
Result<SearchResult> search(FileSystem& files, const Recipe& recipe, const std::vector<Task>& tasks,
                            const std::string& output, const SearchOptions& options);

/// "grid", "golden", "cmaes"
std::string_view search_method_name(SearchMethod method);

/// How the result came about, as the head of its recipe says it.
std::string search_comment(const SearchResult& result);

}  // namespace wootz
