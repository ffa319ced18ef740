#include "wootz/adapt/tasks.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/data/catalogue.h"
#include "wootz/nn/network_input.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Of the shuffle that chooses which items a budget keeps; no epoch has it.
constexpr std::uint64_t kBudgetEpoch = std::uint64_t{1} << 62;

void keep_items(OpenTask& open, const AdaptSettings& settings) {
  if (settings.max_items == 0 || settings.max_items >= open.data->size()) return;
  std::vector<std::size_t> kept;
  for (const Draw& draw : shuffled(open.data->size(), settings.seed, kBudgetEpoch)) kept.push_back(draw.index);
  kept.resize(settings.max_items);
  std::sort(kept.begin(), kept.end());
  open.data = subset(open.data, std::move(kept));
}

Error at_line(const SourcePlace& place, Error error) {
  return {error.kind, fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, error.message)};
}

}  // namespace

Result<std::vector<AdaptTask>> open_adapt_tasks(FileSystem& files, const Recipe& recipe, const ModelInfo& model) {
  const AdaptSettings& settings = *recipe.adapt;
  WOOTZ_TRY(const Catalogue catalogue, load_catalogue(files, join_path(parent_path(recipe.file), settings.tasks)));
  std::vector<AdaptTask> tasks;
  std::optional<Error> problems;
  const auto note = [&](const RecipeModel& listed, Error error) {
    error = at_line(listed.place, std::move(error));
    if (problems)
      problems->message += "\n" + error.message;
    else
      problems = std::move(error);
  };
  const std::vector<std::size_t> lanes = recipe.lanes();
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const RecipeModel& listed = recipe.models[lanes[lane]];
    const bool known = std::any_of(tasks.begin(), tasks.end(),
                                   [&](const AdaptTask& task) { return task.open.task.name == listed.task; });
    if (known) continue;
    const Result<const Task*> task = catalogue.find(listed.task);
    if (!task) {
      note(listed, task.error());
      continue;
    }
    Result<OpenTask> open = open_task_for(files, **task, model, settings.split);
    if (!open) {
      note(listed, std::move(open).error());
      continue;
    }
    keep_items(*open, settings);
    tasks.push_back({*std::move(open), lane});
  }
  if (problems) return tl::unexpected(*std::move(problems));
  return tasks;
}

Result<std::optional<Corruption>> corruption_of(const AdaptSettings& settings) {
  if (settings.corruption.empty()) return std::optional<Corruption>();
  const Result<CorruptionKind> kind = parse_corruption(settings.corruption);
  if (!kind) return tl::unexpected(at_line(settings.place, kind.error()));
  return std::optional(Corruption{*kind, settings.severity});
}

Result<std::unique_ptr<ItemStream>> ItemStream::open(FileSystem& files, const OpenTask& task, std::size_t number,
                                                     const ModelInfo& model, std::vector<std::size_t> order,
                                                     const ReadOptions& options, BadItems& bad) {
  std::unique_ptr<ItemStream> stream(new ItemStream());
  stream->number_ = number;
  stream->model_ = model;
  WOOTZ_TRY(stream->encoder_, encoder_for(files, model, task.task, options.corruption));
  // An item is corrupted the same way at every use, and as in an evaluation.
  std::vector<Draw> draws;
  for (const std::size_t item : order) draws.push_back({item, item});
  stream->order_ = std::move(order);
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.threads = options.threads;
  loading.ahead = 2;
  stream->loader_ = std::make_unique<Loader>(*task.data, *stream->encoder_, std::move(draws), loading, bad);
  return stream;
}

Result<std::optional<TaskBatch>> ItemStream::next() {
  WOOTZ_TRY(std::optional<Batch> batch, loader_->next());
  if (!batch) return std::optional<TaskBatch>();
  WOOTZ_RETURN_IF_ERROR(check_batch(model_, *batch));
  TaskBatch named{number_, *std::move(batch), {}};
  for (const std::size_t position : named.batch.items) named.items.push_back(order_[position]);
  return std::optional(std::move(named));
}

std::vector<std::size_t> order_of_steps(const AdaptSettings& settings, std::size_t items, std::size_t first,
                                        std::size_t last, const Share& share) {
  WOOTZ_CHECK(settings.batch_size % share.size == 0);
  const std::uint64_t step = settings.batch_size * settings.batches, mine = settings.batch_size / share.size;
  std::vector<std::size_t> order;
  std::uint64_t at = first * step;
  for (const Draw& draw : endless(items, settings.seed, first * step, last * step))
    if (at++ % settings.batch_size / mine == share.rank) order.push_back(draw.index);
  return order;
}

std::vector<MicroBatch> micro_batches(const std::vector<TaskBatch>& batches, std::size_t items, at::Device device) {
  std::vector<MicroBatch> micro;
  std::vector<std::vector<NetworkInput>> pieces;
  for (const TaskBatch& each : batches) {
    const NetworkInput whole = network_input(each.batch, device);
    for (std::size_t begin = 0; begin < each.batch.size;) {
      if (micro.empty() || micro.back().size == items) {
        micro.emplace_back();
        pieces.emplace_back();
      }
      MicroBatch& target = micro.back();
      const std::size_t count = std::min(each.batch.size - begin, items - target.size), end = begin + count;
      const auto row = static_cast<std::int64_t>(target.size), rows = static_cast<std::int64_t>(count);
      target.parts.push_back({each.task,
                              row,
                              row + rows,
                              {each.items.begin() + static_cast<std::ptrdiff_t>(begin),
                               each.items.begin() + static_cast<std::ptrdiff_t>(end)},
                              {each.batch.labels.begin() + static_cast<std::ptrdiff_t>(begin),
                               each.batch.labels.begin() + static_cast<std::ptrdiff_t>(end)}});
      target.size += count;
      pieces.back().push_back(slice_input(whole, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)));
      begin = end;
    }
  }
  for (std::size_t m = 0; m < micro.size(); ++m) micro[m].input = join_inputs(pieces[m]);
  return micro;
}

}  // namespace wootz
