#include "wootz/adapt/learning_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>

#include "wootz/adapt/evaluation.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Steps whose predictions the report compares: the first, and the last.
constexpr std::size_t kWindow = 25;

double mean_of(std::span<const double> values) {
  return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add(std::vector<TaskSums>& total, const std::vector<TaskSums>& more) {
  if (total.empty())
    total = more;
  else
    for (std::size_t t = 0; t < more.size(); ++t) total[t].add(more[t]);
}

double spread_of(const TaskSums& sums) { return std::exp(entropy_of(sums.prediction)); }

ParameterList tensors_of(const std::vector<LearnedValue>& values) {
  ParameterList tensors;
  for (const LearnedValue& each : values) tensors.push_back(each.value);
  return tensors;
}

AdamWSettings optimizer_settings(const AdaptSettings& settings) {
  return {settings.beta1, settings.beta2, settings.epsilon, settings.weight_decay};
}

}  // namespace

double learning_rate_of(const AdaptSettings& settings, std::size_t step) {
  if (settings.schedule == AdaptSettings::Schedule::kConstant) return settings.learning_rate;
  const double done = static_cast<double>(step) / static_cast<double>(settings.steps);
  return settings.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

LearningLoop::LearningLoop(const LoopInputs& inputs)
    : in_(inputs),
      share_{inputs.group.rank(), inputs.group.size()},
      objective_(inputs.settings.objective, inputs.objective_tasks, inputs.settings.batch_size) {
  optimizer_.emplace(tensors_of(in_.adapter.values()), optimizer_settings(in_.settings));
}

SavedRun LearningLoop::saved() {
  std::vector<double> sums = objective_.marginals();
  const std::vector<double> first = flat(first_);
  sums.insert(sums.end(), first.begin(), first.end());
  return {in_.adapter.values(), *optimizer_, in_.guard == nullptr ? nullptr : &in_.guard->state, losses_,
          std::move(sums)};
}

Result<> LearningLoop::restore() {
  SavedRun run = saved();
  Result<> restored;
  if (in_.directory != nullptr) {
    if (const Result<bool> found = restore_run(*in_.directory, run); !found) restored = tl::unexpected(found.error());
    if (restored) {
      auto evaluations = in_.log->start(losses_.size());
      if (evaluations)
        evaluations_ = *std::move(evaluations);
      else
        restored = tl::unexpected(std::move(evaluations).error());
    }
  }
  WOOTZ_RETURN_IF_ERROR(in_.group.agree(restored));
  WOOTZ_RETURN_IF_ERROR(share_run(in_.group, run));
  const std::size_t marginals = objective_.marginals().size();
  if (run.sums.size() < marginals)
    return fail(ErrorKind::kInput, "the saved state does not fit its run: remove '{}' to start again",
                in_.directory == nullptr ? "the .wootz-partial folder" : in_.directory->path(""));
  objective_.set_marginals(std::span(run.sums).first(marginals));
  first_ = unflat(std::span(run.sums).subspan(marginals), in_.objective_tasks);
  resumed_at_ = losses_.size();
  return {};
}

Result<> LearningLoop::start_streams() {
  const std::size_t batch = in_.settings.batch_size * in_.settings.batches / share_.size;
  for (std::size_t t = 0; t < in_.tasks.size(); ++t) {
    const OpenTask& task = in_.tasks[t].open;
    WOOTZ_TRY(auto stream, ItemStream::open(in_.files, task, t, in_.model,
                                            order_of_steps(in_.settings, task.data->size(), losses_.size(),
                                                           in_.settings.steps, share_),
                                            {in_.corruption, batch, 1}, in_.bad));
    streams_.push_back(std::move(stream));
  }
  return {};
}

Result<std::vector<MicroBatch>> LearningLoop::next_batches() {
  for (TaskBatch& used : current_) streams_[used.task]->recycle(std::move(used));
  current_.clear();
  for (std::size_t t = 0; t < streams_.size(); ++t) {
    WOOTZ_TRY(std::optional<TaskBatch> batch, streams_[t]->next());
    if (batch) current_.push_back(*std::move(batch));
  }
  if (current_.empty())
    return fail(ErrorKind::kInput, "damaged items left no batch for step {}: mend or remove them", losses_.size() + 1);
  return micro_batches(current_, in_.adapter.pass().items, in_.device);
}

// Gradients and statistics summed over the processes.
Result<> LearningLoop::exchange(const std::vector<at::Tensor>& gradients) {
  if (in_.group.size() == 1) return {};
  std::vector<double> all = objective_.gathered();
  const std::size_t statistics = all.size();
  for (const at::Tensor& each : gradients) {
    const double* values = each.const_data_ptr<double>();
    all.insert(all.end(), values, values + each.numel());
  }
  WOOTZ_RETURN_IF_ERROR(in_.group.sum(all));
  objective_.scatter(std::span(all).first(statistics));
  std::size_t at = statistics;
  for (const at::Tensor& each : gradients) {
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(at), each.numel(), each.mutable_data_ptr<double>());
    at += static_cast<std::size_t>(each.numel());
  }
  return {};
}

Result<> LearningLoop::step() {
  const auto start = std::chrono::steady_clock::now();
  const double rate = learning_rate_of(in_.settings, losses_.size());
  std::vector<at::Tensor> gradients;
  const auto learned = [&]() -> Result<> {
    WOOTZ_TRY(const std::vector<MicroBatch> batches, next_batches());
    const LossFunction loss = [&](const MicroBatch& batch, const at::Tensor& output) {
      return objective_.loss(batch, output);
    };
    WOOTZ_TRY(const double total, in_.adapter.learn(batches, loss, gradients));
    if (std::isfinite(total)) return {};
    return fail(ErrorKind::kFailed, "the loss is {} at step {}: lower 'learning_rate'", total, losses_.size() + 1);
  }();
  if (!learned) return in_.group.agree(learned);
  WOOTZ_RETURN_IF_ERROR(exchange(gradients));
  ParameterList of_values;
  for (std::size_t i = 0; i < gradients.size(); ++i)
    of_values.push_back(gradients[i].to(in_.adapter.values()[i].value.scalar_type()));
  optimizer_->step(of_values, rate);
  WOOTZ_RETURN_IF_ERROR(note(losses_.size() + 1, rate, objective_.finish_step()));
  seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (in_.options.progress)
    in_.options.progress({"learning", losses_.size(), in_.settings.steps, "steps", losses_.back()});
  return {};
}

Result<> LearningLoop::note(std::size_t step, double learning_rate, std::vector<TaskSums> sums) {
  double loss = 0;
  for (const TaskSums& each : sums) loss += each.loss / static_cast<double>(in_.settings.batch_size);
  losses_.push_back(loss);
  if (in_.log != nullptr) WOOTZ_RETURN_IF_ERROR(in_.log->step(step, loss, learning_rate, sums, objective_));
  if (step <= kWindow) add(first_, sums);
  recent_.push_back(std::move(sums));
  if (recent_.size() > kWindow) recent_.pop_front();
  return {};
}

// All processes get the first one's look: they must judge alike.
Result<> LearningLoop::look() {
  look_.assign(2 * in_.tasks.size(), 0.0);
  Result<> looked;
  if (in_.group.is_first()) {
    Result<Look> found = in_.guard->look(in_.adapter);
    if (found) {
      look_ = *std::move(found);
      looked = in_.log->look(losses_.size(), look_);
    } else {
      looked = tl::unexpected(std::move(found).error());
    }
  }
  if (!looked) return in_.group.agree(looked);
  WOOTZ_RETURN_IF_ERROR(in_.group.broadcast(std::as_writable_bytes(std::span(look_))));
  in_.guard->judge(look_, losses_.size(), in_.adapter);
  return {};
}

// What the adapter holds is the state after so many steps.
Result<> LearningLoop::evaluate(std::size_t step) {
  if (!in_.group.is_first()) return {};
  auto accuracy = evaluate_adapter(in_.files, in_.adapter, in_.evaluated, in_.objective_tasks, in_.model, in_.device,
                                   {in_.corruption, 64, 1}, in_.bad);
  if (!accuracy) return in_.group.agree(tl::unexpected(std::move(accuracy).error()));
  evaluations_.push_back({step, *accuracy, mean_of(*accuracy)});
  return in_.log->evaluation(losses_.size(), evaluations_.back());
}

bool LearningLoop::has_plateaued() const {
  if (!in_.settings.plateau) return false;
  const std::size_t window = in_.settings.plateau->window;
  if (losses_.size() < 2 * window || losses_.size() % window != 0) return false;
  const std::span<const double> recent = std::span(losses_).last(2 * window);
  const double before = mean_of(recent.first(window)), now = mean_of(recent.last(window));
  return before - now < in_.settings.plateau->change * std::abs(before);
}

// What happens between steps.
Result<> LearningLoop::watch() {
  const std::size_t step = losses_.size();
  const auto& settings = in_.settings;
  if (in_.guard != nullptr && in_.guard->is_due(step)) WOOTZ_RETURN_IF_ERROR(look());
  if (settings.evaluate_every > 0 && step % settings.evaluate_every == 0) WOOTZ_RETURN_IF_ERROR(evaluate(step));
  if (has_plateaued())
    ended_ = fmt::format("the loss has fallen by less than {} over {} steps", settings.plateau->change,
                         settings.plateau->window);
  if (in_.guard != nullptr && in_.guard->is_exhausted())
    ended_ = fmt::format("the guard has seen nothing better than step {}", in_.guard->state.best_step);
  const bool due = settings.checkpoint_steps > 0 && step % settings.checkpoint_steps == 0;
  if (in_.directory != nullptr && due && step > resumed_at_ && ended_.empty() && step < settings.steps)
    if (const Result<> kept = save_run(*in_.directory, saved()); !kept) return in_.group.agree(kept);
  return {};
}

Result<> LearningLoop::run() {
  WOOTZ_RETURN_IF_ERROR(start_streams());
  if (losses_.empty()) WOOTZ_RETURN_IF_ERROR(watch());
  while (losses_.size() < in_.settings.steps && ended_.empty()) {
    WOOTZ_RETURN_IF_ERROR(step());
    WOOTZ_RETURN_IF_ERROR(watch());
  }
  if (in_.guard != nullptr) {
    if (!in_.guard->is_due(losses_.size())) WOOTZ_RETURN_IF_ERROR(look());
    in_.guard->restore_best(in_.adapter);
  }
  // What is written is what people want to see evaluated.
  const std::size_t kept = kept_step();
  const bool is_known = std::any_of(evaluations_.begin(), evaluations_.end(),
                                    [&](const AdaptEvaluation& each) { return each.step == kept; });
  return in_.settings.evaluate_every > 0 && !is_known ? evaluate(kept) : Result<>();
}

std::size_t LearningLoop::kept_step() const {
  return in_.guard == nullptr ? losses_.size() : in_.guard->state.best_step;
}

void LearningLoop::report(AdaptReport& report) const {
  const std::size_t tenth = (losses_.size() + 9) / 10;
  report.steps = losses_.size();
  report.resumed_at = resumed_at_;
  report.kept_step = kept_step();
  report.ended = ended_;
  report.first_loss = mean_of(std::span(losses_).first(tenth));
  report.last_loss = mean_of(std::span(losses_).last(tenth));
  report.seconds = std::accumulate(seconds_.begin(), seconds_.end(), 0.0);
  std::vector<double> sorted = seconds_;
  std::sort(sorted.begin(), sorted.end());
  report.seconds_per_step = sorted.empty() ? 0.0 : sorted[sorted.size() / 2];
  for (const auto& stream : streams_) report.waited += stream->waited();
  report.segments = in_.adapter.pass().segments.size();
  report.micro_batch = in_.adapter.pass().items;
  for (const LearnedValue& each : in_.adapter.values()) report.learned += static_cast<std::size_t>(each.value.numel());
  report.evaluations = evaluations_;
  std::sort(report.evaluations.begin(), report.evaluations.end(),
            [](const AdaptEvaluation& a, const AdaptEvaluation& b) { return a.step < b.step; });
  std::vector<TaskSums> last;
  for (const std::vector<TaskSums>& sums : recent_) add(last, sums);
  for (std::size_t t = 0; t < report.tasks.size() && !first_.empty() && !last.empty(); ++t) {
    AdaptTaskReport& task = report.tasks[t];
    task.first_entropy = first_[t].mean_entropy();
    task.last_entropy = last[t].mean_entropy();
    task.first_spread = spread_of(first_[t]);
    task.last_spread = spread_of(last[t]);
    if (in_.guard == nullptr) continue;
    task.first_agreement = in_.guard->state.start[t];
    task.last_agreement = in_.guard->state.best[t];
  }
}

}  // namespace wootz
