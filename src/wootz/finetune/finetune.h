// Fine-tunes a model on one task: makes an expert, or an adapter, from a base model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wootz/finetune/recipe.h"

namespace wootz {

struct FinetuneProgress {
  std::size_t step = 0;   ///< done
  std::size_t steps = 0;  ///< in all
  double loss = 0;        ///< of the step's batch
  double learning_rate = 0;
  std::size_t items = 0;  ///< seen in this run
};

struct FinetuneOptions {
  std::string device = "cpu";
  std::size_t threads = 0;         ///< of the network; 0: one a processor
  std::size_t loader_threads = 1;  ///< that decode
  std::size_t skip_bad = 0;        ///< damaged items tolerated
  bool overwrite = false;          ///< replace an existing output
  std::function<void(const FinetuneProgress&)> progress;
};

struct FinetuneReport {
  std::size_t steps = 0;
  std::size_t resumed_at = 0;        ///< the step an earlier run had reached
  bool discarded_other = false;      ///< an unfinished run of something else was thrown away
  std::size_t trained = 0;           ///< values that were trained
  double first_loss = 0;             ///< mean of the first tenth of the steps of this run
  double last_loss = 0;              ///< mean of the last tenth
  double relative_change = 0;        ///< |change| / |base| over the network's parameters
  double seconds = 0;                ///< of this run's steps
  double waited = 0;                 ///< seconds of these that the network waited for data
  std::vector<std::string> skipped;  ///< messages of damaged items
};

/// Trains as the recipe says and writes a Hugging Face directory (or a PEFT adapter's) to `output`, which appears
/// whole, at the end. What is unfinished lies in OUTPUT.wootz-partial; a further run of the same recipe on the same
/// base and data goes on from the last saved state and, on as many threads, ends with the same bytes.
Result<FinetuneReport> finetune(FileSystem& files, const FinetuneRecipe& recipe, const std::string& output,
                                const FinetuneOptions& options);

}  // namespace wootz
