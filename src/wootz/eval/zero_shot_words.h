// What CLIP's text tower reads for the classes of a task: share/zero_shot holds one file for each well-known task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/file.h"

namespace wootz {

struct ZeroShotWords {
  std::string source;                  ///< the file, for messages
  std::vector<std::string> classes;    ///< in label order
  std::vector<std::string> templates;  ///< each has "{}" where the class goes, once
};

/// Reads a YAML file with the keys `classes` and `templates`. Fails (kUsage) with all that is wrong, with line and
/// column.
Result<ZeroShotWords> load_zero_shot_words(FileSystem& files, const std::string& path);

/// Those of a well-known task ("stanford-cars"; case and '_' do not matter) in a share directory. Fails (kUsage) with
/// the nearest name, or (kIo) when there is no such directory.
Result<ZeroShotWords> find_zero_shot_words(FileSystem& files, std::string_view task,
                                           const std::string& share_directory);

/// Where Wootz's data files lie: $WOOTZ_SHARE, or where they are installed with this program, or what the build was
/// told.
std::string default_share_directory();

/// "a photo of a cat." from "a photo of a {}." and "cat".
std::string fill_template(std::string_view text, std::string_view class_name);

}  // namespace wootz
