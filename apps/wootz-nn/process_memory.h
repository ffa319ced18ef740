// How much memory this process has taken.
#pragma once

#include <cstdint>

namespace wootz::cli {

struct ProcessMemory {
  std::uint64_t resident = 0;   ///< the most so far, bytes, pages of files included
  std::uint64_t anonymous = 0;  ///< now, without pages of files
};

/// Zeros where the system does not say.
ProcessMemory process_memory();

}  // namespace wootz::cli
