// Models times tasks times conditions: the table that `wootz eval` prints.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wootz/eval/evaluate.h"
#include "wootz/eval/results.h"

namespace wootz {

struct EvaluateModelsOptions {
  EvaluateOptions evaluate;  ///< split and limits; corruption and cache are set for each run
  ModelOptions model;
  std::vector<Corruption> corruptions;      ///< each gives rows beside the clean ones
  std::uint64_t cache_bytes = 1ull << 30;   ///< most memory for data kept from model to model
  std::string logits_directory;             ///< "": logits are not saved
  bool experts = false;                     ///< normalize by the catalogue's experts
  std::string expert_directory;             ///< where the experts' relative paths start
  std::optional<ExpertAccuracies> earlier;  ///< normalize by these
};

/// What is being done, and how far all of it is.
struct EvaluateProgress {
  std::string model;
  std::string task;
  std::uint64_t done = 0;   ///< items
  std::uint64_t total = 0;  ///< of all models, tasks and conditions
};

/// Evaluates every model (paths or Hub names) on every task. Data are opened and checked before the first model runs,
/// and decoded once where they fit into the cache. With logits_directory, each pair's logits are saved under
/// logits_path. Fails with the first error.
Result<Results> evaluate_models(FileSystem& files, const std::vector<std::string>& models,
                                const std::vector<Task>& tasks, const EvaluateModelsOptions& options,
                                const std::function<void(const EvaluateProgress&)>& progress);

/// "DIR/<task>.safetensors" for one model, "DIR/<model's folder>/<task>.safetensors" for several;
/// "<task>.<corruption>-<severity>.safetensors" under corruption.
std::string logits_path(const std::string& directory, const std::vector<std::string>& models, const std::string& model,
                        const std::string& task, const std::optional<Corruption>& corruption);

}  // namespace wootz
