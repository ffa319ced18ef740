// Holds an output directory against its manifest.
#pragma once

#include <string>
#include <vector>

#include "wootz/engine/run/progress.h"
#include "wootz/io/file.h"

namespace wootz {

struct Verification {
  std::size_t tensors = 0;            ///< whose data were read and compared
  std::size_t files = 0;              ///< weight and side files checked
  std::uint64_t bytes = 0;            ///< read
  std::vector<std::string> problems;  ///< one line each; empty: all is as it was written
};

/// Fails only when there is no readable manifest; damage is in the result.
Result<Verification> verify_output(FileSystem& files, const std::string& directory, std::size_t threads,
                                   const ProgressCallback& progress);

}  // namespace wootz
