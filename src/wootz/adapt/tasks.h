// The tasks that a merge learns from, and their items in batches. Torch types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wootz/adapt/staged_pass.h"
#include "wootz/data/loader.h"
#include "wootz/engine/plan/sources.h"
#include "wootz/eval/evaluate.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

/// One task, opened.
struct AdaptTask {
  OpenTask open;         ///< with the data learned from
  std::size_t lane = 0;  ///< of the task's own expert
};

/// Opens the tasks of a recipe's models, each once, in the models' order, with at most max_items of their data. Fails
/// naming the line of the recipe.
Result<std::vector<AdaptTask>> open_adapt_tasks(FileSystem& files, const Recipe& recipe, const ModelInfo& model);

/// The corruption of the adapt section, if any. Fails (kUsage) on an unknown name.
Result<std::optional<Corruption>> corruption_of(const AdaptSettings& settings);

/// Items of one task, and their numbers in its data.
struct TaskBatch {
  std::size_t task = 0;
  Batch batch;
  std::vector<std::size_t> items;
};

/// How items are read.
struct ReadOptions {
  std::optional<Corruption> corruption;
  std::size_t batch_size = 64;
  std::size_t threads = 1;  ///< that decode
};

/// Reads a task's items in an order. What it is given must outlive it.
class ItemStream {
 public:
  /// `number` is the task's. `model` is what the items are encoded for.
  static Result<std::unique_ptr<ItemStream>> open(FileSystem& files, const OpenTask& task, std::size_t number,
                                                  const ModelInfo& model, std::vector<std::size_t> order,
                                                  const ReadOptions& options, BadItems& bad);

  /// Nothing at the end. Fails when the items do not fit the model.
  Result<std::optional<TaskBatch>> next();
  void recycle(TaskBatch batch) { loader_->recycle(std::move(batch.batch)); }
  double waited() const { return loader_->waited(); }

 private:
  ItemStream() = default;

  std::size_t number_ = 0;
  ModelInfo model_;
  std::vector<std::size_t> order_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Loader> loader_;
};

/// Hands the batches of a stream on in groups, as many as should go through a network together, so that its weights are
/// merged once for them. Stops at the first error of `body`, which takes a std::vector<TaskBatch>.
template <typename Body>
Result<> for_groups(ItemStream& stream, const Body& body) {
  constexpr std::size_t kBatches = 8;
  std::vector<TaskBatch> group;
  for (bool more = true; more;) {
    WOOTZ_TRY(std::optional<TaskBatch> batch, stream.next());
    more = batch.has_value();
    if (batch) group.push_back(*std::move(batch));
    if (group.empty() || (more && group.size() < kBatches)) continue;
    WOOTZ_RETURN_IF_ERROR(body(group));
    group.clear();
  }
  return {};
}

/// A share of every batch: that of process `rank` of `size`.
struct Share {
  std::size_t rank = 0;
  std::size_t size = 1;
};

/// The items of a task in steps [first, last) for one process: epoch after epoch, shuffled anew, the same for any
/// number of processes together. Requires: batch_size is a multiple of share.size.
std::vector<std::size_t> order_of_steps(const AdaptSettings& settings, std::size_t items, std::size_t first,
                                        std::size_t last, const Share& share);

/// Several tasks' items, one after the other, in micro-batches of at most `items`. On the CPU these borrow the batches'
/// memory.
std::vector<MicroBatch> micro_batches(const std::vector<TaskBatch>& batches, std::size_t items, at::Device device);

}  // namespace wootz
