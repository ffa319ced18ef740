// How far a merge is.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "wootz/engine/run/progress.h"

namespace wootz {

/// Thread-safe.
class MergeProgress {
 public:
  /// Reads the counters of the merge, which must outlive it.
  MergeProgress(const std::atomic<std::uint64_t>& bytes_read, const std::atomic<std::uint64_t>& bytes_written)
      : bytes_read_(bytes_read), bytes_written_(bytes_written) {}

  /// Begins a phase that is done when `total` more bytes have been read (0: not known).
  void begin(std::string phase, std::uint64_t total) { enter({std::move(phase), total, bytes_read_, false}); }
  /// Begins a phase that is done when add_written was called for `total` bytes of output.
  void begin_writing(std::string phase, std::uint64_t total) { enter({std::move(phase), total, 0, true}); }
  void add_written(std::uint64_t bytes) { written_ += bytes; }

  Progress now() const {
    const std::lock_guard lock(mutex_);
    const std::uint64_t read = std::min(phase_.total, bytes_read_ - phase_.start);
    return {phase_.name, phase_.writes ? written_.load() : read, phase_.total, bytes_read_ + bytes_written_};
  }

 private:
  struct Phase {
    std::string name = "starting";
    std::uint64_t total = 0;
    std::uint64_t start = 0;  // bytes read before it
    bool writes = false;
  };
  void enter(Phase phase) {
    const std::lock_guard lock(mutex_);
    phase_ = std::move(phase);
  }

  const std::atomic<std::uint64_t>& bytes_read_;
  const std::atomic<std::uint64_t>& bytes_written_;
  std::atomic<std::uint64_t> written_ = 0;
  mutable std::mutex mutex_;  // guards phase_
  Phase phase_;
};

}  // namespace wootz
