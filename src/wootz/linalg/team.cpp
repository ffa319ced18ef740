#include "wootz/linalg/team.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace wootz {
namespace {

// A thread has no caller to throw to; all that is ever thrown here is the lack of memory.
Result<> guarded(const std::function<Result<>(std::size_t)>& task, std::size_t number) {
  try {
    return task(number);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kFailed, "out of memory; close other programs, or allow less with --threads");
  }
}

}  // namespace

Result<> Team::for_each(std::size_t count, const std::function<Result<>(std::size_t)>& task) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t failed = count;  // the least task that failed
  std::optional<Error> error;
  const auto work = [&] {
    for (std::size_t number = next++; number < count; number = next++) {
      Result<> done = guarded(task, number);
      if (done) continue;
      next = count;
      const std::lock_guard lock(mutex);
      if (number >= failed) continue;
      failed = number;
      error = std::move(done).error();
    }
  };
  {
    std::vector<std::jthread> threads;
    // Where the system has no more threads, those that there are do all tasks.
    try {
      for (std::size_t i = 1; i < std::min(threads_, count); ++i) threads.emplace_back(work);
    } catch (const std::system_error&) {
    }
    work();
  }
  if (error) return tl::unexpected(*std::move(error));
  return {};
}

}  // namespace wootz
