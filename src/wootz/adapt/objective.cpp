#include "wootz/adapt/objective.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "wootz/core/check.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// How much of the running mean prediction a step replaces.
constexpr double kMomentum = 0.1;
constexpr double kLeastProbability = 1e-6;

}  // namespace

void TaskSums::add(const TaskSums& more) {
  items += more.items;
  loss += more.loss;
  entropy += more.entropy;
  for (std::size_t c = 0; c < prediction.size(); ++c) prediction[c] += more.prediction[c];
}

std::vector<double> flat(const std::vector<TaskSums>& sums) {
  std::vector<double> list;
  for (const TaskSums& each : sums) {
    list.insert(list.end(), {each.items, each.loss, each.entropy});
    list.insert(list.end(), each.prediction.begin(), each.prediction.end());
  }
  return list;
}

std::vector<TaskSums> unflat(std::span<const double> list, const std::vector<ObjectiveTask>& tasks) {
  std::vector<TaskSums> sums;
  if (list.empty()) return sums;
  for (const ObjectiveTask& task : tasks) {
    const std::span<const double> prediction = list.subspan(3, task.classes);
    sums.push_back({list[0], list[1], list[2], {prediction.begin(), prediction.end()}});
    list = list.subspan(3 + task.classes);
  }
  WOOTZ_CHECK(list.empty());
  return sums;
}

double entropy_of(std::span<const double> distribution) {
  const double total = std::accumulate(distribution.begin(), distribution.end(), 0.0);
  double entropy = 0;
  for (const double each : distribution)
    if (each > 0) entropy -= each / total * std::log(each / total);
  return entropy;
}

at::Tensor item_rows(const std::vector<std::size_t>& items) {
  return at::tensor(std::vector<std::int64_t>(items.begin(), items.end()), at::kLong);
}

at::Tensor log_probabilities(const ObjectiveTask& task, const MicroBatch::Part& part, const at::Tensor& output) {
  const at::Tensor rows = output.slice(0, part.begin, part.end);
  return (task.head ? head_logits(rows, *task.head) : rows).log_softmax(-1);
}

Objective::Objective(const AdaptObjective& settings, const std::vector<ObjectiveTask>& tasks, std::size_t batch_size)
    : settings_(settings), tasks_(tasks), batch_size_(static_cast<double>(batch_size)) {
  for (const ObjectiveTask& task : tasks)
    marginals_.emplace_back(task.classes, 1.0 / static_cast<double>(task.classes));
  sums_ = no_sums();
}

std::vector<TaskSums> Objective::no_sums() const {
  std::vector<TaskSums> none;
  for (const ObjectiveTask& task : tasks_) none.push_back({0, 0, 0, std::vector<double>(task.classes)});
  return none;
}

at::Tensor Objective::loss(const MicroBatch& batch, const at::Tensor& output) {
  std::vector<at::Tensor> losses;
  for (const MicroBatch::Part& part : batch.parts) {
    const at::Tensor log_p = log_probabilities(tasks_[part.task], part, output);
    losses.push_back(part_loss(part, log_p).sum() / batch_size_);
    sums_[part.task].loss += losses.back().item<double>() * batch_size_;
  }
  return at::stack(losses).sum();
}

// [n], the items' losses.
at::Tensor Objective::part_loss(const MicroBatch::Part& part, const at::Tensor& log_p) {
  const at::Tensor p = log_p.exp();
  const at::Tensor entropy = -(p * log_p).sum(-1);
  const auto to = [&](const at::Tensor& x) { return x.to(log_p.options()); };

  at::Tensor loss = entropy * settings_.entropy;
  if (settings_.entropy_limit < 1.0) {
    const double limit = settings_.entropy_limit * std::log(static_cast<double>(p.size(1)));
    loss = loss * to(entropy.detach().lt(limit));
  }
  if (settings_.balance > 0) {
    const at::Tensor often = at::tensor(marginals_[part.task], at::kDouble).clamp_min(kLeastProbability).log();
    loss = loss + settings_.balance * (p * to(often)).sum(-1);
  }
  if (settings_.agreement > 0) {
    const at::Tensor teacher = to(tasks_[part.task].teacher.index_select(0, item_rows(part.items)));
    loss = loss - settings_.agreement * (teacher * log_p).sum(-1);
  }
  if (settings_.labels > 0) {
    const at::Tensor labels = at::tensor(part.labels, at::kInt).to(log_p.device(), at::kLong);
    loss = loss - settings_.labels * log_p.gather(1, labels.unsqueeze(1)).squeeze(1);
  }

  const at::Tensor prediction = p.detach().sum(0).to(at::kCPU, at::kDouble).contiguous();
  TaskSums sums{static_cast<double>(part.items.size()), 0.0, entropy.detach().sum().item<double>(), {}};
  sums.prediction.assign(prediction.const_data_ptr<double>(), prediction.const_data_ptr<double>() + prediction.numel());
  sums_[part.task].add(sums);
  return loss;
}

std::vector<TaskSums> Objective::finish_step() {
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    if (sums_[t].items == 0) continue;
    for (std::size_t c = 0; c < marginals_[t].size(); ++c)
      marginals_[t][c] = (1.0 - kMomentum) * marginals_[t][c] + kMomentum * sums_[t].prediction[c] / sums_[t].items;
  }
  return std::exchange(sums_, no_sums());
}

std::vector<double> Objective::marginals() const {
  std::vector<double> all;
  for (const std::vector<double>& each : marginals_) all.insert(all.end(), each.begin(), each.end());
  return all;
}

void Objective::set_marginals(std::span<const double> values) {
  for (std::vector<double>& each : marginals_) {
    std::copy_n(values.begin(), each.size(), each.begin());
    values = values.subspan(each.size());
  }
}

double Objective::effective_classes(std::size_t task) const { return std::exp(entropy_of(marginals_[task])); }

}  // namespace wootz
