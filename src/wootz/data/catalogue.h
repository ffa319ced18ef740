// The task catalogue, tasks.yml: which data and which classifier head make a task.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wootz/data/dataset.h"
#include "wootz/data/split.h"

namespace wootz {

struct Task {
  std::string name;
  DataSpec data;
  std::string head;            ///< path of a .safetensors file; "" when the model has its own classifier
  HeldOut held_out;            ///< how validation and adaptation splits are cut
  std::size_t max_tokens = 0;  ///< of texts, with special tokens; 0: as many as the model takes
  std::string expert;          ///< a model reference: what normalized accuracy is relative to; "" when not given
};

struct Catalogue {
  std::string file;
  std::vector<Task> tasks;

  /// Fails (kUsage) with the nearest name.
  Result<const Task*> find(std::string_view name) const;
};

/// Parses tasks.yml; all errors at once, with line and column. Relative paths are taken from the file's directory.
/// docs/formats/tasks.md describes it.
Result<Catalogue> load_catalogue(FileSystem& files, const std::string& path);

/// Opens a task's data for use: "train", "test" and the like are splits of the data; "validation" and "adaptation" are
/// held out (HeldOut) unless the data have splits of those names, and "rest" is what they leave of the split they are
/// cut from. "" is the catalogue's split. Class names come from the catalogue, the data or `classes.txt` beside them;
/// a label without a name is an error where there are names. Errors name the task.
Result<std::unique_ptr<Dataset>> open_task(FileSystem& files, const Task& task, const std::string& split);

}  // namespace wootz
