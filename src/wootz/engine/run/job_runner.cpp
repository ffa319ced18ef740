#include "wootz/engine/run/job_runner.h"

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace wootz {
namespace {

struct ActiveJob {
  std::unique_ptr<Job> job;
  std::size_t units = 0;       // of the current phase
  std::size_t next_unit = 0;   // to hand out
  std::size_t next_merge = 0;  // whose result is due
  bool merging = false;        // a worker is inside merge()
  bool advancing = true;       // a worker is inside next_phase(); also before the first phase
  std::map<std::size_t, std::unique_ptr<UnitResult>> waiting;  // finished out of order
};

class Runner {
 public:
  Runner(const JobOptions& options, const std::function<std::unique_ptr<Job>()>& next)
      : options_(options), next_(next) {}

  void work(WorkerState& state) {
    std::unique_lock lock(mutex_);
    while (!failed()) {
      if (ActiveJob* active = find_unit()) {
        run_unit(*active, state, lock);
      } else if (!exhausted_ && active_.size() < options_.window) {
        begin_job(lock);
      } else if (exhausted_ && active_.empty()) {
        break;
      } else {
        changed_.wait(lock);
      }
    }
    changed_.notify_all();
  }

  Result<> outcome() {
    if (error_) return tl::unexpected(std::move(*error_));
    return {};
  }

 private:
  bool failed() const { return error_.has_value(); }

  // A worker has no caller to throw to; all that is ever thrown here is the lack of memory.
  static Result<std::unique_ptr<UnitResult>> guarded(Job& job, std::size_t unit, WorkerState& state) {
    try {
      return job.run(unit, state);
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::kFailed, "out of memory; close other programs, or allow less with --threads");
    }
  }

  ActiveJob* find_unit() {
    for (ActiveJob& active : active_)
      if (!active.advancing && active.next_unit < active.units) return &active;
    return nullptr;
  }

  void fail_with(Error error) {
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
  }

  void begin_job(std::unique_lock<std::mutex>& lock) {
    // next_ runs under the lock: it is serial by contract and cheap.
    std::unique_ptr<Job> job = next_();
    if (job == nullptr) {
      exhausted_ = true;
      changed_.notify_all();
      return;
    }
    ActiveJob& active = active_.emplace_back();
    active.job = std::move(job);
    advance(active, lock);
  }

  // Begins phases until one has units, or the job is done and removed. Requires: active.advancing.
  void advance(ActiveJob& active, std::unique_lock<std::mutex>& lock) {
    std::optional<std::size_t> units = 0;
    while (units && *units == 0) {
      lock.unlock();
      auto phase = active.job->next_phase();
      lock.lock();
      if (!phase) return fail_with(std::move(phase).error());
      units = *phase;
    }
    if (!units) {
      active_.remove_if([&](const ActiveJob& entry) { return &entry == &active; });
    } else {
      active.units = *units;
      active.next_unit = active.next_merge = 0;
      active.advancing = false;
    }
    changed_.notify_all();
  }

  void run_unit(ActiveJob& active, WorkerState& state, std::unique_lock<std::mutex>& lock) {
    const std::size_t unit = active.next_unit++;
    lock.unlock();
    auto result = guarded(*active.job, unit, state);
    lock.lock();
    if (!result) return fail_with(std::move(result).error());
    active.waiting.emplace(unit, std::move(*result));
    if (!active.merging) merge_due(active, lock);
  }

  // Merges all results that are due, in order; other workers meanwhile leave theirs in `waiting`.
  void merge_due(ActiveJob& active, std::unique_lock<std::mutex>& lock) {
    active.merging = true;
    while (!active.waiting.empty() && active.waiting.begin()->first == active.next_merge) {
      auto result = std::move(active.waiting.extract(active.waiting.begin()).mapped());
      lock.unlock();
      auto merged = active.job->merge(active.next_merge, std::move(result));
      lock.lock();
      if (!merged) return fail_with(std::move(merged).error());
      ++active.next_merge;
    }
    active.merging = false;
    if (active.next_merge < active.units) return;
    active.advancing = true;
    advance(active, lock);
  }

  const JobOptions options_;
  const std::function<std::unique_ptr<Job>()>& next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<ActiveJob> active_;  // stable addresses
  bool exhausted_ = false;
  std::optional<Error> error_;
};

}  // namespace

Result<> run_jobs(const JobOptions& options, const std::function<std::unique_ptr<Job>()>& next,
                  const std::function<std::unique_ptr<WorkerState>()>& make_state) {
  Runner runner(options, next);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < options.workers; ++i)
      threads.emplace_back([&] {
        const auto state = make_state();
        runner.work(*state);
      });
    const auto state = make_state();
    runner.work(*state);
  }
  return runner.outcome();
}

}  // namespace wootz
