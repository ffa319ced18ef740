// mergekit-yaml's command line: which of its options mean something here.
#pragma once

#include <optional>
#include <string>

#include "commands/commands.h"

namespace CLI {
class App;
}

namespace wootz::cli {

struct MergekitOptions {
  MergeCommand merge;
  std::string hub_cache;                 ///< --transformers-cache; "": not said
  std::vector<std::string> ineffective;  ///< given options that change nothing
};

/// Adds the sub-command `name`. `options` must outlive the app.
void add_mergekit_command(CLI::App& root, const std::string& name, MergekitOptions& options);

/// The merge that the parsed options ask for: an existing output is replaced, as mergekit does.
MergeCommand to_merge_command(const MergekitOptions& options);

}  // namespace wootz::cli
