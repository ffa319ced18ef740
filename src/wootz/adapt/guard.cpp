#include "wootz/adapt/guard.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Of the shuffle that chooses the watched items; no epoch has it.
constexpr std::uint64_t kWatchedEpoch = (std::uint64_t{1} << 62) + 1;

// How far the mean prediction's entropy may fall, as a share of log C, before it counts as a collapse.
constexpr double kSpreadFall = 0.05;

double mean_agreement(const Look& look) {
  const std::size_t tasks = look.size() / 2;
  return std::accumulate(look.begin(), look.begin() + static_cast<std::ptrdiff_t>(tasks), 0.0) /
         static_cast<double>(tasks);
}

}  // namespace

std::vector<std::size_t> watched_items(const AdaptSettings& settings, std::size_t items) {
  std::vector<std::size_t> watched;
  for (const Draw& draw : shuffled(items, settings.seed, kWatchedEpoch)) watched.push_back(draw.index);
  watched.resize(std::min(items, settings.guard->items));
  return watched;
}

Result<Look> Guard::look(Adapter& adapter) const {
  const std::size_t tasks = tasks_.size();
  const std::vector<MicroBatch> batches = micro_batches(watched_, adapter.pass().items, device_);
  WOOTZ_TRY(const std::vector<at::Tensor> outputs, adapter.run(batches));
  Look look(2 * tasks, 0.0);
  std::vector<double> items(tasks, 0.0);
  std::vector<at::Tensor> predictions(tasks);
  WOOTZ_RETURN_IF_ERROR(guarded([&] {
    for (std::size_t m = 0; m < batches.size(); ++m)
      for (const MicroBatch::Part& part : batches[m].parts) {
        const at::Tensor log_p = log_probabilities(tasks_[part.task], part, outputs[m]).to(at::kCPU, at::kDouble);
        const at::Tensor taught = tasks_[part.task].teacher.index_select(0, item_rows(part.items)).argmax(-1);
        look[part.task] += log_p.argmax(-1).eq(taught).sum().item<double>();
        items[part.task] += static_cast<double>(part.items.size());
        const at::Tensor sum = log_p.exp().sum(0);
        at::Tensor& total = predictions[part.task];
        total = total.defined() ? total + sum : sum;
      }
    for (std::size_t t = 0; t < tasks; ++t) {
      look[t] /= std::max(items[t], 1.0);
      if (!predictions[t].defined()) continue;
      const std::size_t classes = tasks_[t].classes;
      look[tasks + t] =
          entropy_of({predictions[t].const_data_ptr<double>(), classes}) / std::log(static_cast<double>(classes));
    }
    return 0;
  }));
  return look;
}

void Guard::judge(const Look& look, std::size_t step, const Adapter& adapter) {
  const bool first = state.start.empty();
  if (first) state.start = look;
  bool harmless = true;
  for (std::size_t t = 0; t < tasks_.size(); ++t)
    harmless = harmless && look[t] >= state.start[t] - settings_.tolerance &&
               look[tasks_.size() + t] >= state.start[tasks_.size() + t] - kSpreadFall;
  if (!first && !(harmless && mean_agreement(look) > mean_agreement(state.best))) {
    ++state.looks_since;
    return;
  }
  state.best = look;
  state.best_step = step;
  state.looks_since = 0;
  state.values.clear();
  for (const LearnedValue& each : adapter.values()) state.values.push_back(each.value.detach().clone());
}

void Guard::restore_best(const Adapter& adapter) const {
  const at::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < state.values.size(); ++i) adapter.values()[i].value.copy_(state.values[i]);
}

}  // namespace wootz
