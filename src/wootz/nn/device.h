// Internal to nn: where networks run, and torch's exceptions as errors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "wootz/core/result.h"

namespace wootz {

/// "cpu", "cuda" or "cuda:N". CUDA's half of libtorch is loaded when it is first asked for. Fails (kUsage) with what is
/// missing.
Result<at::Device> open_device(const std::string& name);

/// Bytes that a GPU has free. Fails (kFailed) where it cannot say.
Result<std::uint64_t> free_memory(at::Device device);

/// Sets the threads of torch's operations; 0: one a processor.
void set_network_threads(std::size_t threads);

/// What torch threw, without its stack trace.
Error torch_error(const std::exception& error);

/// The result of `body()`, with torch's exceptions as errors.
template <typename Body>
auto guarded(const Body& body) -> Result<decltype(body())> {
  try {
    return body();
  } catch (const std::exception& error) {
    return tl::unexpected(torch_error(error));
  }
}

/// The same where `body()` gives a Result itself.
template <typename Body>
auto guarded_result(const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    return tl::unexpected(torch_error(error));
  }
}

}  // namespace wootz
