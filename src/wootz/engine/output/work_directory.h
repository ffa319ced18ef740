// The unfinished output: OUT.wootz-partial beside OUT, with the shard files under output/ and a journal of finished
// tensors. A killed merge leaves it; the next run of the same merge goes on from it; the last step renames output/
// to OUT, so that OUT is there whole or not at all.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wootz/engine/output/record.h"
#include "wootz/engine/plan/plan.h"

namespace wootz {

/// The share of one process: part `number` of `count` (from 1); 1 of 1 does everything and completes.
struct Part {
  std::size_t number = 1;
  std::size_t count = 1;
  bool whole() const { return count == 1; }
};

class WorkDirectory {
 public:
  /// Opens or creates the work directory of `output` and takes the part's lock. A directory that another merge left
  /// (other recipe, inputs or options) is emptied first by a whole run, and an error for a part.
  static Result<std::unique_ptr<WorkDirectory>> open(FileSystem& files, const std::string& output,
                                                     const MergePlan& plan, const Part& part);

  /// Opens shard `shard` of an output for writing, sized and with its header.
  Result<std::unique_ptr<WritableFile>> open_shard(const PlannedOutput& output, std::size_t shard);

  /// Path of a file of the unfinished output.
  std::string output_path(const std::string& name) const;

  /// Records of tensors finished before this run, by name, as the journals have them. Their data are not yet checked.
  const std::map<std::string, TensorRecord>& finished() const { return finished_; }
  /// Whether what was there came from an earlier run of the same merge.
  bool resumed() const { return !finished_.empty(); }
  bool discarded_other() const { return discarded_other_; }

  /// Notes a finished tensor. Thread-safe.
  Result<> note(const TensorRecord& record);

  /// Makes the output appear: syncs, then renames. With `replace` an existing output is moved away first and removed
  /// after.
  Result<> publish(bool replace, bool sync);

 private:
  WorkDirectory(FileSystem& files, std::string output, std::string fingerprint, const Part& part);
  Result<> take_locks();
  Result<> take_lock(const std::string& name);
  Result<> claim();
  bool holds_parts() const;
  Result<> read_journals();
  std::string path(const std::string& name) const;

  FileSystem& files_;
  std::string output_;
  std::string root_;
  std::string fingerprint_;
  Part part_;
  std::vector<std::unique_ptr<FileLock>> locks_;
  std::map<std::string, TensorRecord> finished_;
  bool discarded_other_ = false;
  std::mutex mutex_;
};

/// Finishes what a run left that was killed right after its output had appeared: true when OUT is this very merge's and
/// only the emptied work directory was left, which is then removed.
Result<bool> clean_up_published(FileSystem& files, const std::string& output, const MergePlan& plan);

/// What tells one merge from another: recipe and its coefficient table, models' headers and file times, output layout,
/// version.
std::string merge_fingerprint(const MergePlan& plan);

}  // namespace wootz
