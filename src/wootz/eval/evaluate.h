// Runs a model over a task's data.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wootz/data/catalogue.h"
#include "wootz/data/corruption.h"
#include "wootz/data/loader.h"
#include "wootz/eval/batch_cache.h"
#include "wootz/eval/metrics.h"
#include "wootz/nn/model.h"

namespace wootz {

struct EvaluateOptions {
  std::string split;  ///< "": the catalogue's
  std::size_t batch_size = 64;
  std::size_t loader_threads = 1;
  std::size_t max_items = 0;  ///< the first so many; 0: all
  std::size_t skip_bad = 0;   ///< damaged items tolerated in a task
  std::optional<Corruption> corruption;
  std::uint64_t seed = 0;       ///< of corruptions
  BatchCache* cache = nullptr;  ///< keeps batches for the next model, if given
};

/// A task opened: its data and head for one kind of model. Shared by the models of a table.
struct OpenTask {
  Task task;
  std::string split;
  std::shared_ptr<const Dataset> data;
  std::optional<Head> head;
  std::vector<std::string> class_names;  ///< as many as classes, or empty
  std::size_t classes = 0;
};

/// Opens data and head and checks that they go together: as many classes as the head has rows, a head of the model's
/// width, images for an image model. One error that names the file and says what to do.
Result<OpenTask> open_task_for(FileSystem& files, const Task& task, const ModelInfo& model, const std::string& split);

/// The same data for another model, which may need another head's width or have a classifier of its own.
Result<OpenTask> reopen_for(FileSystem& files, const OpenTask& open, const ModelInfo& model);

/// Most tokens of a task's items for a model, special ones and an image's class token included.
std::size_t most_tokens(const ModelInfo& model, const Task& task);

/// The encoder a model's directory asks for. Texts are neither corrupted (an error) nor augmented.
Result<std::unique_ptr<Encoder>> encoder_for(FileSystem& files, const ModelInfo& model, const Task& task,
                                             const std::optional<Corruption>& corruption,
                                             const Augmentation& augmentation = {});

/// Two models with the same text here encode a task's data to the same batches: it names what their encoders are made
/// from, by content.
Result<std::string> encoding_key(FileSystem& files, const ModelInfo& model, const Task& task);

/// Two tasks with the same text here have the same head, labels in the same order, and input made the same way.
Result<std::string> task_key(FileSystem& files, const ModelInfo& model, const OpenTask& task);

struct Evaluation {
  Score score;
  std::vector<float> logits;         ///< [n, C] in the data set's order, without skipped items
  std::vector<int> labels;           ///< [n]
  std::vector<std::string> skipped;  ///< messages of damaged items
  double seconds = 0;
  double waited = 0;  ///< seconds the network waited for data
};

/// Called after each batch with the items done and in all.
using ItemProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Fails (kInput) on damaged items beyond options.skip_bad, and (kFailed) when the model gives logits that are no
/// finite numbers. Errors name the task.
Result<Evaluation> evaluate(FileSystem& files, const Model& model, const OpenTask& task, const EvaluateOptions& options,
                            const ItemProgress& progress);

}  // namespace wootz
