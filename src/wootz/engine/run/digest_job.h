// Digests a stored tensor in parallel.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "wootz/core/dtype.h"
#include "wootz/engine/run/job_runner.h"

namespace wootz {

/// Stored data of `size` elements.
struct ReadableTensor {
  std::uint64_t size = 0;
  Dtype dtype = Dtype::kF32;
  /// Fills the span from a byte offset within the tensor. Thread-safe.
  std::function<Result<>(std::uint64_t, std::span<std::byte>)> read;
};

/// Calls `done` with the tensor's digest, or the first error of a read; the job itself does not fail.
std::unique_ptr<Job> make_digest_job(ReadableTensor tensor, std::function<void(Result<std::string>)> done);

}  // namespace wootz
