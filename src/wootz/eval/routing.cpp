#include "wootz/eval/routing.h"

#include <algorithm>

namespace wootz {
namespace {

// Adds a batch's coefficients [B, modules, K] to the sums.
void add_batch(const std::vector<float>& coefficients, std::size_t experts, TaskRouting& sums) {
  const std::size_t size = sums.mean.size();
  for (std::size_t at = 0; at < coefficients.size(); at += experts) {
    const auto first = coefficients.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = first + static_cast<std::ptrdiff_t>(experts);
    const std::size_t cell = at % size;
    for (std::size_t k = 0; k < experts; ++k) sums.mean[cell + k] += static_cast<double>(coefficients[at + k]);
    sums.largest[cell + static_cast<std::size_t>(std::max_element(first, last) - first)] += 1.0;
  }
}

Result<TaskRouting> run(FileSystem& files, const Model& model, const Task& task, const EvaluateOptions& options,
                        const ItemProgress& progress) {
  WOOTZ_TRY(const auto data, open_task(files, task, options.split));
  WOOTZ_TRY(const auto encoder, encoder_for(files, model.info(), task, options.corruption));
  const std::size_t size = options.max_items == 0 ? data->size() : std::min(data->size(), options.max_items);
  TaskRouting routing{task.name, options.split.empty() ? task.data.split : options.split, 0, {}, {}};
  const std::size_t experts = model.routing()->experts.size();
  routing.mean.assign(model.routing()->modules.size() * experts, 0.0);
  routing.largest = routing.mean;
  BadItems bad(options.skip_bad);
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.threads = options.loader_threads;
  Loader loader(*data, *encoder, in_order(size), loading, bad);
  while (true) {
    WOOTZ_TRY(std::optional<Batch> batch, loader.next());
    if (!batch) break;
    WOOTZ_TRY(const std::vector<float> coefficients, model.coefficients(*batch));
    add_batch(coefficients, experts, routing);
    routing.items += batch->size;
    if (progress) progress(batch->items.back() + 1, size);
    loader.recycle(*std::move(batch));
  }
  if (routing.items == 0) return fail(ErrorKind::kInput, "there are no items to route");
  for (std::vector<double>* sums : {&routing.mean, &routing.largest})
    for (double& value : *sums) value /= static_cast<double>(routing.items);
  return routing;
}

}  // namespace

Result<TaskRouting> route_task(FileSystem& files, const Model& model, const Task& task, const EvaluateOptions& options,
                               const ItemProgress& progress) {
  auto routed = run(files, model, task, options, progress);
  if (!routed) return tl::unexpected(std::move(routed).error().within(fmt::format("task '{}'", task.name)));
  return routed;
}

std::vector<double> mean_coefficients(const std::vector<TaskRouting>& tasks) {
  std::vector<double> mean(tasks.front().mean.size(), 0.0);
  double items = 0;
  for (const TaskRouting& task : tasks) {
    items += static_cast<double>(task.items);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(task.items) * task.mean[i];
  }
  for (double& value : mean) value /= items;
  return mean;
}

}  // namespace wootz
