// What a long operation tells its caller while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace wootz {

struct Progress {
  std::string phase;        ///< "statistics", "merging", "verifying"
  std::uint64_t done = 0;   ///< bytes of output (merging) or of input read (others)
  std::uint64_t total = 0;  ///< 0 when unknown
  std::uint64_t moved = 0;  ///< bytes read and written so far, for the rate
  std::string unit = {};    ///< what is counted, where it is not bytes: "items", "steps"
  std::string note = {};    ///< how it stands: "loss 0.41"
};

/// Called about ten times a second, from one thread at a time.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace wootz
