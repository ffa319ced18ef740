#include "wootz/engine/run/job_runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::ElementsAre;

struct Number : UnitResult {
  explicit Number(std::size_t n) : value(n) {}
  std::size_t value;
};

// Units whose results come back out of order; notes the order of merges and the phases.
class CountingJob : public Job {
 public:
  CountingJob(std::vector<std::size_t> phases, std::vector<std::size_t>& merged)
      : phases_(std::move(phases)), merged_(merged) {}

  Result<std::optional<std::size_t>> next_phase() override {
    EXPECT_EQ(running_.load(), 0) << "a phase begins only when the one before is done";
    if (phase_ == phases_.size()) return std::optional<std::size_t>();
    return phases_[phase_++];
  }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState&) override {
    ++running_;
    if (unit % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    --running_;
    return std::make_unique<Number>(unit);
  }
  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    EXPECT_EQ(static_cast<Number&>(*result).value, unit);
    merged_.push_back(unit);
    return {};
  }

 private:
  std::vector<std::size_t> phases_;
  std::vector<std::size_t>& merged_;
  std::size_t phase_ = 0;
  std::atomic<int> running_ = 0;
};

class FailingJob : public Job {
 public:
  Result<std::optional<std::size_t>> next_phase() override { return 1000; }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState&) override {
    if (unit == 7) return fail(ErrorKind::kIo, "unit seven");
    return std::make_unique<UnitResult>();
  }
  Result<> merge(std::size_t, std::unique_ptr<UnitResult>) override { return {}; }
};

std::unique_ptr<WorkerState> no_state() { return std::make_unique<WorkerState>(); }

TEST(JobRunner, MergesInOrderForAnyNumberOfWorkers) {
  for (std::size_t workers : {1u, 2u, 5u}) {
    std::vector<std::vector<std::size_t>> merged(6);
    std::size_t next = 0;
    const auto outcome = run_jobs(
        {workers, 3},
        [&]() -> std::unique_ptr<Job> {
          if (next == merged.size()) return nullptr;
          auto& target = merged[next++];
          return std::make_unique<CountingJob>(std::vector<std::size_t>{5, 0, 3}, target);
        },
        no_state);
    ASSERT_TRUE(outcome);
    for (const auto& order : merged) EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 0, 1, 2));
  }
}

TEST(JobRunner, ReturnsTheErrorAndStops) {
  for (std::size_t workers : {1u, 4u}) {
    bool given = false;
    const auto outcome = run_jobs(
        {workers, 1},
        [&]() -> std::unique_ptr<Job> {
          if (std::exchange(given, true)) return nullptr;
          return std::make_unique<FailingJob>();
        },
        no_state);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "unit seven");
    EXPECT_EQ(outcome.error().kind, ErrorKind::kIo);
  }
}

TEST(JobRunner, NoJobsIsNoWork) {
  EXPECT_TRUE(run_jobs(
      {4, 2}, [] { return nullptr; }, no_state));
}

}  // namespace
}  // namespace wootz
