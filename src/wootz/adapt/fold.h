// Turns a model with routed modules into a plain one, for one choice of their coefficients.
#pragma once

#include <string>
#include <vector>

#include "wootz/io/file.h"

namespace wootz {

struct FoldOptions {
  std::string comment;  ///< where the coefficients come from, for people
  bool overwrite = false;
};

/// Writes `output`, a directory of the base's architecture: every routed module is merged with its coefficients,
/// [modules, K] in the order of Model::routing(); none where the routers are constants. `directory` is the routed
/// model's.
Result<> fold(FileSystem& files, const std::string& directory, const std::string& output,
              const std::vector<double>& coefficients, const FoldOptions& options);

}  // namespace wootz
