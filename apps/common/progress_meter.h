// Shows a long operation's progress on stderr: a bar on a terminal, else now and then a plain line.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "wootz/engine/run/progress.h"

namespace wootz::cli {

class ProgressMeter {
 public:
  /// Shows nothing when `quiet`.
  explicit ProgressMeter(bool quiet);
  /// Removes the bar.
  ~ProgressMeter();
  ProgressMeter(const ProgressMeter&) = delete;
  ProgressMeter& operator=(const ProgressMeter&) = delete;

  /// What to hand to the engine; empty when nothing is shown. The meter must outlive its use. May be called at any
  /// rate.
  ProgressCallback callback();

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point time;
    std::uint64_t moved;
  };

  void show(const Progress& progress);
  double recent_rate(Clock::time_point now, std::uint64_t moved);

  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_show_;
  std::string phase_;
  Clock::time_point phase_start_ = start_;
  std::deque<Sample> samples_;
};

/// "merging  42 % (3.1 of 7.4 GiB), 1.2 GiB/s, 4 s left"; seconds_left < 0: not known.
std::string progress_line(const Progress& progress, double rate, double seconds_left);

/// "merging [=======>            ]  42 %  1.2 GiB/s  4 s left", at most `width` characters.
std::string progress_bar(const Progress& progress, double rate, double seconds_left, std::size_t width);

}  // namespace wootz::cli
