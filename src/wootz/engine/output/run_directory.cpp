#include "wootz/engine/output/run_directory.h"

#include <algorithm>
#include <tuple>

namespace wootz {
namespace {

constexpr const char* kState = "state.safetensors";
constexpr const char* kOwner = "owner";
constexpr const char* kLock = "lock";
constexpr const char* kOutput = "output";
constexpr const char* kReplaced = "replaced";

}  // namespace

RunDirectory::RunDirectory(FileSystem& files, std::string output)
    : files_(files), output_(std::move(output)), root_(output_ + ".wootz-partial") {}

std::string RunDirectory::path(const std::string& name) const { return join_path(root_, name); }

Result<std::unique_ptr<RunDirectory>> RunDirectory::open(FileSystem& files, const std::string& output,
                                                         const std::string& fingerprint, bool overwrite) {
  std::unique_ptr<RunDirectory> run(new RunDirectory(files, output));
  WOOTZ_RETURN_IF_ERROR(files.create_directories(run->root_));
  WOOTZ_TRY(run->lock_, files.lock(run->path(kLock)));
  // A run that was killed while it replaced an output left the old one here.
  if (files.exists(run->path(kReplaced)) && !files.exists(output))
    WOOTZ_RETURN_IF_ERROR(files.rename(run->path(kReplaced), output));
  WOOTZ_RETURN_IF_ERROR(run->claim(fingerprint, overwrite));
  return run;
}

RunDirectory::~RunDirectory() {
  const Result<std::vector<std::string>> names = files_.list(root_);
  const auto is_mark = [](const std::string& name) { return name == kLock || name == kOwner; };
  if (lock_ != nullptr && names && std::all_of(names->begin(), names->end(), is_mark))
    std::ignore = files_.remove_all(root_);
}

Result<> RunDirectory::claim(const std::string& fingerprint, bool overwrite) {
  constexpr std::uint64_t kLargest = 4096;
  if (files_.exists(path(kOwner))) {
    WOOTZ_TRY(const std::string owner, read_text(files_, path(kOwner), kLargest));
    if (owner == fingerprint) return {};
    discarded_other_ = files_.exists(path(kState));
    if (discarded_other_ && !overwrite)
      return fail(ErrorKind::kUsage,
                  "'{}' holds a run that was stopped, of another recipe or other options, models or data: call it as "
                  "before to go on with it, or throw it away with --overwrite",
                  root_);
  }
  WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
  for (const std::string& name : names)
    if (name != kLock) WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(name)));
  return write_text_atomically(files_, path(kOwner), fingerprint);
}

Result<std::optional<Checkpoint>> RunDirectory::restore() {
  if (!files_.exists(path(kState))) return std::optional<Checkpoint>();
  WOOTZ_TRY(Checkpoint state, Checkpoint::open(files_, path(kState)));
  return std::optional(std::move(state));
}

Result<> RunDirectory::save(std::span<const StoredTensor> tensors) {
  return write_safetensors(files_, path(kState), tensors, {});
}

Result<std::string> RunDirectory::output_directory() {
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(kOutput)));
  WOOTZ_RETURN_IF_ERROR(files_.create_directories(path(kOutput)));
  return path(kOutput);
}

Result<> RunDirectory::publish(bool replace) {
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(kReplaced)));
  WOOTZ_RETURN_IF_ERROR(files_.sync_directory(path(kOutput)));
  if (replace && files_.exists(output_)) WOOTZ_RETURN_IF_ERROR(files_.rename(output_, path(kReplaced)));
  WOOTZ_RETURN_IF_ERROR(files_.rename(path(kOutput), output_));
  WOOTZ_RETURN_IF_ERROR(files_.sync_directory(parent_path(output_)));
  Result<> removed = files_.remove_all(root_);  // the lock is held until it is gone
  lock_.reset();                                // what stands there from now on is another run's
  return removed;
}

Result<> read_saved(const Checkpoint& state, const std::string& name, std::span<std::byte> out) {
  const TensorInfo* found = state.find(name);
  if (found == nullptr || found->bytes != out.size())
    return fail(ErrorKind::kInput, "'{}': '{}' is missing or of another size; remove the file to start again",
                state.path(), name);
  return state.read(*found, 0, out);
}

}  // namespace wootz
