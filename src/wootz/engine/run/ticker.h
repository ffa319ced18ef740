// Reports progress from a thread of its own while work goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "wootz/engine/run/progress.h"

namespace wootz {

/// Calls `callback` with what `look` returns, about ten times a second and once at the end, until destroyed. Does
/// nothing without a callback.
class ProgressTicker {
 public:
  ProgressTicker(const ProgressCallback& callback, std::function<Progress()> look);

 private:
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::jthread thread_;  // last: joined before the others go
};

}  // namespace wootz
