#include "wootz/engine/run/ticker.h"

namespace wootz {

ProgressTicker::ProgressTicker(const ProgressCallback& callback, std::function<Progress()> look) {
  if (!callback) return;
  thread_ = std::jthread([this, callback, look = std::move(look)](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      woken_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
      callback(look());
    }
  });
}

}  // namespace wootz
