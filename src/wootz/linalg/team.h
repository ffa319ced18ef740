// Threads that work on one thing together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "wootz/core/result.h"

namespace wootz {

/// What a computation holds beside its arguments, at most.
struct TeamMemory {
  std::uint64_t shared = 0;      ///< bytes, its result included
  std::uint64_t per_thread = 0;  ///< bytes more for each thread of the team
};
/// Of one computation after another.
inline TeamMemory most(const TeamMemory& a, const TeamMemory& b) {
  return {std::max(a.shared, b.shared), std::max(a.per_thread, b.per_thread)};
}
/// Of a computation during which `shared` bytes are held.
inline TeamMemory beside(std::uint64_t shared, const TeamMemory& computation) {
  return {shared + computation.shared, computation.per_thread};
}

class Team {
 public:
  /// Of that many threads, the caller's among them.
  explicit Team(std::size_t threads) : threads_(threads == 0 ? 1 : threads) {}

  std::size_t size() const { return threads_; }

  /// Does tasks 0 .. count - 1, in no order. Of the tasks that failed, returns the error of the first by number; once
  /// one has failed, tasks that are not begun are left out. What a task writes must not depend on others.
  Result<> for_each(std::size_t count, const std::function<Result<>(std::size_t)>& task);

 private:
  std::size_t threads_;
};

}  // namespace wootz
