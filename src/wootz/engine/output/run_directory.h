// The unfinished run of a command that trains: OUTPUT.wootz-partial, with its lock, its last saved state, and the
// output as it is being written. A killed run leaves it, and the next run of the same thing goes on from it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "wootz/io/checkpoint.h"
#include "wootz/io/write_safetensors.h"

namespace wootz {

class RunDirectory {
 public:
  /// Opens or creates the directory and takes its lock. `fingerprint` tells one run from another. Fails when another
  /// process holds it, or when another run has left a saved state there, unless `overwrite` throws that away.
  static Result<std::unique_ptr<RunDirectory>> open(FileSystem& files, const std::string& output,
                                                    const std::string& fingerprint, bool overwrite);
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  /// Removes a directory in which nothing was begun.
  ~RunDirectory();

  /// The state saved last, or nothing.
  Result<std::optional<Checkpoint>> restore();
  /// Replaces the saved state, atomically.
  Result<> save(std::span<const StoredTensor> tensors);
  /// Whether another run's saved state was thrown away.
  bool discarded_other() const { return discarded_other_; }

  /// Of a file or folder in the directory.
  std::string path(const std::string& name) const;

  /// An empty directory for the files of the output.
  Result<std::string> output_directory();
  /// Makes the output appear and removes everything else.
  Result<> publish(bool replace);

 private:
  RunDirectory(FileSystem& files, std::string output);
  Result<> claim(const std::string& fingerprint, bool overwrite);

  FileSystem& files_;
  std::string output_, root_;
  std::unique_ptr<FileLock> lock_;
  bool discarded_other_ = false;
};

/// Fills `out` with a tensor of a saved state. Fails (kInput) when it is missing or of another size.
Result<> read_saved(const Checkpoint& state, const std::string& name, std::span<std::byte> out);

}  // namespace wootz
