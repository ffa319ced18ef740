#include "wootz/eval/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace wootz {
namespace {

// Runs the model on a batch and adds what it says.
Result<> add_logits(const Model& model, const OpenTask& task, const Batch& batch, Evaluation& evaluation) {
  WOOTZ_TRY(const std::vector<float> logits, model.logits(batch, task.head ? &*task.head : nullptr));
  const auto odd = std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (odd != logits.end()) {
    const std::size_t item = batch.items[static_cast<std::size_t>(odd - logits.begin()) / task.classes];
    return fail(ErrorKind::kFailed,
                "the model '{}' gives a logit that is no finite number for {}: its parameters are damaged, or too "
                "large (see 'wootz inspect')",
                model.info().directory, task.data->place(item));
  }
  evaluation.logits.insert(evaluation.logits.end(), logits.begin(), logits.end());
  evaluation.labels.insert(evaluation.labels.end(), batch.labels.begin(), batch.labels.end());
  return {};
}

// Everything that decides what the batches hold, for one catalogue.
Result<std::string> cache_key(FileSystem& files, const ModelInfo& model, const OpenTask& task,
                              const EvaluateOptions& options) {
  WOOTZ_TRY(const std::string encoding, encoding_key(files, model, task.task));
  return fmt::format("{}/{}/{}/{}/{}/{}/{}", task.task.name, task.split, options.batch_size, options.max_items,
                     options.corruption ? corruption_name(options.corruption->kind) : "clean",
                     options.corruption ? options.corruption->severity : 0, encoding);
}

// Keeps batches until the budget is spent; then gives all of them up.
class Keeper {
 public:
  explicit Keeper(BatchCache* cache) : cache_(cache) {}
  ~Keeper() { give_up(); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Takes the batch, or hands it to the loader for its next ones.
  void take(Batch batch, Loader& loader) {
    const std::uint64_t bytes = memory_of(batch);
    if (cache_ != nullptr && cache_->reserve(bytes)) {
      reserved_ += bytes;
      kept_.batches.push_back(std::move(batch));
      return;
    }
    give_up();
    loader.recycle(std::move(batch));
  }

  void finish(const std::string& key, const std::vector<std::string>& skipped) {
    if (cache_ == nullptr) return;
    kept_.skipped = skipped;
    cache_->insert(key, std::move(kept_));
    cache_ = nullptr;
  }

 private:
  void give_up() {
    if (cache_ == nullptr) return;
    kept_.batches.clear();
    cache_->release(reserved_);
    cache_ = nullptr;
  }

  BatchCache* cache_;
  CachedBatches kept_;
  std::uint64_t reserved_ = 0;
};

std::vector<Draw> draws_of(const OpenTask& task, const EvaluateOptions& options) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15u;
  const std::size_t size = task.data->size();
  std::vector<Draw> order = in_order(options.max_items == 0 ? size : std::min(size, options.max_items));
  for (Draw& draw : order) draw.draw += options.seed * kSpread;
  return order;
}

Result<> stream(FileSystem& files, const Model& model, const OpenTask& task, const EvaluateOptions& options,
                const std::string& key, const ItemProgress& progress, Evaluation& evaluation) {
  WOOTZ_TRY(const auto encoder, encoder_for(files, model.info(), task.task, options.corruption));
  const std::vector<Draw> order = draws_of(task, options);
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.threads = options.loader_threads;
  BadItems bad(options.skip_bad);
  Loader loader(*task.data, *encoder, order, loading, bad);
  Keeper keeper(options.cache);
  while (true) {
    WOOTZ_TRY(std::optional<Batch> batch, loader.next());
    if (!batch) break;
    WOOTZ_RETURN_IF_ERROR(add_logits(model, task, *batch, evaluation));
    if (progress) progress(batch->items.back() + 1, order.size());
    keeper.take(*std::move(batch), loader);
  }
  evaluation.skipped = bad.messages();
  evaluation.waited = loader.waited();
  keeper.finish(key, evaluation.skipped);
  return {};
}

Result<> replay(const Model& model, const OpenTask& task, const CachedBatches& cached, const ItemProgress& progress,
                Evaluation& evaluation) {
  const std::size_t total = cached.batches.empty() ? 0 : cached.batches.back().items.back() + 1;
  for (const Batch& batch : cached.batches) {
    WOOTZ_RETURN_IF_ERROR(add_logits(model, task, batch, evaluation));
    if (progress) progress(batch.items.back() + 1, total);
  }
  evaluation.skipped = cached.skipped;
  return {};
}

Result<Evaluation> run(FileSystem& files, const Model& model, const OpenTask& task, const EvaluateOptions& options,
                       const ItemProgress& progress) {
  const auto start = std::chrono::steady_clock::now();
  Evaluation evaluation;
  std::string key;
  const CachedBatches* cached = nullptr;
  if (options.cache != nullptr) {
    WOOTZ_TRY(key, cache_key(files, model.info(), task, options));
    cached = options.cache->find(key);
  }
  WOOTZ_RETURN_IF_ERROR(cached != nullptr ? replay(model, task, *cached, progress, evaluation)
                                          : stream(files, model, task, options, key, progress, evaluation));
  if (evaluation.labels.empty()) return fail(ErrorKind::kInput, "every item is damaged");
  evaluation.score = score(evaluation.logits, evaluation.labels, task.classes);
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return evaluation;
}

}  // namespace

Result<Evaluation> evaluate(FileSystem& files, const Model& model, const OpenTask& task, const EvaluateOptions& options,
                            const ItemProgress& progress) {
  auto evaluation = run(files, model, task, options, progress);
  if (!evaluation)
    return tl::unexpected(std::move(evaluation).error().within(fmt::format("task '{}'", task.task.name)));
  return evaluation;
}

}  // namespace wootz
