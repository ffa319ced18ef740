#include "wootz/adapt/objective.h"

#include <cmath>

#include "wootz/core/check.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// How much of the running mean prediction a step replaces.
constexpr double kMomentum = 0.1;
constexpr double kLeastProbability = 1e-6;

at::Tensor rows_of(const at::Tensor& table, const std::vector<std::size_t>& items) {
  std::vector<std::int64_t> rows(items.begin(), items.end());
  return table.index_select(0, at::tensor(rows, at::kLong));
}

}  // namespace

at::Tensor log_probabilities(const ObjectiveTask& task, const MicroBatch::Part& part, const at::Tensor& output) {
  const at::Tensor rows = output.slice(0, part.begin, part.end);
  return (task.head ? head_logits(rows, *task.head) : rows).log_softmax(-1);
}

Objective::Objective(const AdaptObjective& settings, const std::vector<ObjectiveTask>& tasks, std::size_t batch_size)
    : settings_(settings), tasks_(tasks), batch_size_(static_cast<double>(batch_size)) {
  for (const ObjectiveTask& task : tasks) {
    Running running;
    running.marginal.assign(task.classes, 1.0 / static_cast<double>(task.classes));
    running.sums.prediction.assign(task.classes, 0.0);
    refresh(running);
    running_.push_back(std::move(running));
  }
}

void Objective::refresh(Running& task) const {
  task.log_marginal = at::empty({static_cast<std::int64_t>(task.marginal.size())}, at::kFloat);
  for (std::size_t c = 0; c < task.marginal.size(); ++c)
    task.log_marginal.mutable_data_ptr<float>()[c] =
        static_cast<float>(std::log(std::max(task.marginal[c], kLeastProbability)));
}

at::Tensor Objective::loss(const MicroBatch& batch, const at::Tensor& output) {
  std::vector<at::Tensor> losses;
  for (const MicroBatch::Part& part : batch.parts) {
    const at::Tensor log_p = log_probabilities(tasks_[part.task], part, output);
    losses.push_back(part_loss(part.task, part, log_p).sum() / batch_size_);
    running_[part.task].sums.loss += losses.back().item<double>() * batch_size_;
  }
  return at::stack(losses).sum();
}

// [n], the items' losses.
at::Tensor Objective::part_loss(std::size_t task, const MicroBatch::Part& part, const at::Tensor& log_p) {
  Running& running = running_[task];
  const at::Tensor p = log_p.exp();
  const at::Tensor entropy = -(p * log_p).sum(-1);
  const auto to = [&](const at::Tensor& x) { return x.to(log_p.options()); };

  at::Tensor loss = entropy * settings_.entropy;
  if (settings_.entropy_limit < 1.0) {
    const double limit = settings_.entropy_limit * std::log(static_cast<double>(p.size(1)));
    loss = loss * to(entropy.detach().lt(limit));
  }
  if (settings_.balance > 0) loss = loss + settings_.balance * (p * to(running.log_marginal)).sum(-1);
  if (settings_.agreement > 0) {
    const at::Tensor teacher = to(rows_of(tasks_[task].teacher, part.items));
    loss = loss - settings_.agreement * (teacher * log_p).sum(-1);
  }
  if (settings_.labels > 0) {
    const at::Tensor labels = at::tensor(part.labels, at::kInt).to(log_p.device(), at::kLong);
    loss = loss - settings_.labels * log_p.gather(1, labels.unsqueeze(1)).squeeze(1);
  }

  const at::Tensor prediction = p.detach().sum(0).to(at::kCPU, at::kDouble).contiguous();
  const auto* sums = prediction.const_data_ptr<double>();
  for (std::size_t c = 0; c < running.sums.prediction.size(); ++c) running.sums.prediction[c] += sums[c];
  running.sums.items += static_cast<double>(part.items.size());
  running.sums.entropy += entropy.detach().sum().item<double>();
  return loss;
}

std::vector<double> Objective::gathered() const {
  std::vector<double> all;
  for (const Running& task : running_) {
    all.insert(all.end(), {task.sums.items, task.sums.loss, task.sums.entropy});
    all.insert(all.end(), task.sums.prediction.begin(), task.sums.prediction.end());
  }
  return all;
}

void Objective::scatter(std::span<const double> gathered) {
  for (Running& task : running_) {
    task.sums.items = gathered[0];
    task.sums.loss = gathered[1];
    task.sums.entropy = gathered[2];
    std::copy_n(gathered.begin() + 3, task.sums.prediction.size(), task.sums.prediction.begin());
    gathered = gathered.subspan(3 + task.sums.prediction.size());
  }
  WOOTZ_CHECK(gathered.empty());
}

std::vector<TaskSums> Objective::finish_step() {
  std::vector<TaskSums> finished;
  for (Running& task : running_) {
    if (task.sums.items > 0)
      for (std::size_t c = 0; c < task.marginal.size(); ++c)
        task.marginal[c] = (1.0 - kMomentum) * task.marginal[c] + kMomentum * task.sums.prediction[c] / task.sums.items;
    refresh(task);
    finished.push_back(task.sums);
    task.sums = {0, 0, 0, std::vector<double>(task.marginal.size())};
  }
  return finished;
}

std::vector<double> Objective::marginals() const {
  std::vector<double> all;
  for (const Running& task : running_) all.insert(all.end(), task.marginal.begin(), task.marginal.end());
  return all;
}

void Objective::set_marginals(std::span<const double> values) {
  for (Running& task : running_) {
    std::copy_n(values.begin(), task.marginal.size(), task.marginal.begin());
    values = values.subspan(task.marginal.size());
    refresh(task);
  }
}

double Objective::effective_classes(std::size_t task) const {
  double entropy = 0;
  for (const double q : running_[task].marginal)
    if (q > 0) entropy -= q * std::log(q);
  return std::exp(entropy);
}

}  // namespace wootz
