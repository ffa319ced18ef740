// Internal to finetune: the unfinished run on disk. Torch types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wootz/finetune/adamw.h"
#include "wootz/finetune/trainable.h"
#include "wootz/io/file.h"

namespace wootz {

/// OUTPUT.wootz-partial: state.safetensors with values and the optimizer's means, and the output being written.
class TrainingState {
 public:
  /// Opens or creates the directory and takes its lock. Fails when another run holds it.
  static Result<std::unique_ptr<TrainingState>> open(FileSystem& files, const std::string& output,
                                                     std::string fingerprint);

  /// Fills values and optimizer from the saved state; returns the losses of the steps so far (none: nothing saved). A
  /// state of another run (by fingerprint) is thrown away.
  Result<std::vector<double>> restore(const Trainable& trainable, AdamW& optimizer);
  Result<> save(const Trainable& trainable, const AdamW& optimizer, const std::vector<double>& losses);
  bool discarded_other() const { return discarded_other_; }

  /// An empty directory for the files of the output.
  Result<std::string> output_directory();
  /// Makes the output appear and removes everything else.
  Result<> publish(bool replace);

 private:
  TrainingState(FileSystem& files, std::string output, std::string fingerprint);
  std::string path(const std::string& name) const;

  FileSystem& files_;
  std::string output_, root_, fingerprint_;
  std::unique_ptr<FileLock> lock_;
  bool discarded_other_ = false;
};

}  // namespace wootz
