// Internal to io: which files hold the weights of a checkpoint.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/io/file.h"
#include "wootz/io/shard_index.h"

namespace wootz {

struct WeightFiles {
  std::string directory;
  std::vector<std::string> names;   ///< within the directory, sorted
  std::optional<ShardIndex> index;  ///< of a sharded checkpoint
  std::string index_path;
};

/// Looks at names and the index only. Fails (kInput) when there are no weights that Wootz reads, and says what is
/// there instead and what to do.
Result<WeightFiles> find_weight_files(FileSystem& files, const std::string& path);

}  // namespace wootz
