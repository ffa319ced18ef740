#include "wootz/engine/output/work_directory.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "wootz/engine/output/manifest.h"
#include "wootz/engine/output/version.h"
#include "wootz/io/digest.h"
#include "wootz/recipe/coefficients.h"

namespace wootz {
namespace {

const std::string kSuffix = ".wootz-partial";
const std::string kDoneSuffix = ".wootz-done";
const std::string kJournalPrefix = "journal-";
const std::string kLockPrefix = "lock-";
constexpr const char* kFingerprintFile = "fingerprint";
constexpr const char* kReplaced = "replaced";
constexpr std::uint64_t kMaxJournal = std::uint64_t{1} << 31;

std::string tag(const Part& part) {
  return part.whole() ? std::string("whole") : fmt::format("{}-of-{}", part.number, part.count);
}

// Out of its name at once: half removed, without its fingerprint, clean_up_published would not know it for what it is.
Result<> remove_work(FileSystem& files, const std::string& output) {
  const std::string done = output + kDoneSuffix;
  WOOTZ_RETURN_IF_ERROR(files.remove_all(done));
  // The output is complete: a rename that fails is no reason to call it anything else.
  const bool renamed = files.rename(output + kSuffix, done).has_value();
  return files.remove_all(renamed ? done : output + kSuffix);
}

}  // namespace

std::string merge_fingerprint(const MergePlan& plan) {
  std::string text =
      fmt::format("wootz {}\n{}\n{} {}\n", version(), plan.recipe.text, plan.recipe.seed, plan.options.allow_missing);
  if (plan.recipe.coefficients) text += plan.recipe.coefficients->table->text + '\n';
  for (const Source& source : plan.sources.models) {
    text += source.reference + '\n';
    for (const WeightFile& file : source.checkpoint.files())
      text += fmt::format("{} {} {} {}\n", file.name, file.size, file.header_digest, file.modified);
  }
  for (const PlannedOutput& output : plan.outputs)
    for (const OutputShard& shard : output.shards)
      text += fmt::format("{} {}", join_path(output.folder, shard.name), shard.header);
  return bytes_digest(std::as_bytes(std::span(text)));
}

WorkDirectory::WorkDirectory(FileSystem& files, std::string output, std::string fingerprint, const Part& part)
    : files_(files),
      output_(std::move(output)),
      root_(output_ + kSuffix),
      fingerprint_(std::move(fingerprint)),
      part_(part) {}

std::string WorkDirectory::path(const std::string& name) const { return join_path(root_, name); }

std::string WorkDirectory::output_path(const std::string& name) const { return join_path(path("output"), name); }

Result<std::unique_ptr<WorkDirectory>> WorkDirectory::open(FileSystem& files, const std::string& output,
                                                           const MergePlan& plan, const Part& part) {
  std::unique_ptr<WorkDirectory> work(new WorkDirectory(files, output, merge_fingerprint(plan), part));
  WOOTZ_RETURN_IF_ERROR(files.remove_all(output + kDoneSuffix));
  WOOTZ_RETURN_IF_ERROR(files.create_directories(work->path("output")));
  WOOTZ_RETURN_IF_ERROR(work->take_locks());
  // A run that was killed while it replaced an output left the old one here; until the new one is there it is the
  // output.
  if (files.exists(work->path(kReplaced)) && !files.exists(output))
    WOOTZ_RETURN_IF_ERROR(files.rename(work->path(kReplaced), output));
  WOOTZ_RETURN_IF_ERROR(work->claim());
  WOOTZ_RETURN_IF_ERROR(work->read_journals());
  return work;
}

Result<> WorkDirectory::take_lock(const std::string& name) {
  // Parts that start together meet for a moment at the lock of a whole run; that passes.
  constexpr int kTries = 20;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (auto lock = files_.lock(path(name))) {
      locks_.push_back(std::move(*lock));
      return {};
    }
  }
  return fail(ErrorKind::kIo, "{}: another wootz is writing this output; wait for it or stop it", root_);
}

// A whole run may not overlap with any part; parts only not with a whole run, whose lock they test and give back.
Result<> WorkDirectory::take_locks() {
  WOOTZ_RETURN_IF_ERROR(take_lock(kLockPrefix + tag(part_)));
  WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kLockPrefix) || name == kLockPrefix + tag(part_)) continue;
    if (!part_.whole() && name != kLockPrefix + tag(Part{})) continue;
    WOOTZ_RETURN_IF_ERROR(take_lock(name));
    if (!part_.whole()) locks_.pop_back();
  }
  return {};
}

bool WorkDirectory::holds_parts() const {
  const auto names = files_.list(root_);
  return names && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return name.starts_with(kJournalPrefix) && !name.ends_with(tag(Part{}));
         });
}

// Makes sure that what lies here belongs to this merge.
Result<> WorkDirectory::claim() {
  const std::string file = path(kFingerprintFile);
  if (files_.exists(file)) {
    WOOTZ_TRY(const std::string existing, read_text(files_, file, 4096));
    if (existing == fingerprint_) return {};
    if (!part_.whole() || holds_parts())
      return fail(ErrorKind::kUsage,
                  "{}: belongs to another merge; all parts, and the call that completes them, need the same recipe, "
                  "inputs and --out-shard-size. Remove it to start afresh",
                  root_);
    discarded_other_ = true;
    WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
    WOOTZ_RETURN_IF_ERROR(files_.remove_all(path("output")));
    for (const std::string& name : names)
      if (name.starts_with(kJournalPrefix)) WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(name)));
    WOOTZ_RETURN_IF_ERROR(files_.create_directories(path("output")));
  }
  return write_text_atomically(files_, file, fingerprint_);
}

Result<> WorkDirectory::read_journals() {
  WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kJournalPrefix + fingerprint_)) continue;  // two merges may have begun here at once
    WOOTZ_TRY(const std::string text, read_text(files_, path(name), kMaxJournal));
    // A kill can cut the last line short; whatever does not read back is simply not finished.
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string::npos) break;
      if (auto record = decode_record(std::string_view(text).substr(begin, end - begin))) {
        std::string key = record->name;
        finished_.insert_or_assign(std::move(key), std::move(*record));
      }
      begin = end + 1;
    }
  }
  return {};
}

Result<std::unique_ptr<WritableFile>> WorkDirectory::open_shard(const PlannedOutput& output, std::size_t shard) {
  const OutputShard& planned = output.shards[shard];
  if (!output.folder.empty()) WOOTZ_RETURN_IF_ERROR(files_.create_directories(output_path(output.folder)));
  WOOTZ_TRY(std::unique_ptr<WritableFile> file,
            files_.open_for_write(output_path(join_path(output.folder, planned.name))));
  WOOTZ_RETURN_IF_ERROR(file->allocate(planned.size));
  WOOTZ_RETURN_IF_ERROR(file->write_at(0, std::as_bytes(std::span(planned.header))));
  return file;
}

Result<> WorkDirectory::note(const TensorRecord& record) {
  // The leading newline ends a line that an earlier kill may have cut short.
  const std::string line = "\n" + encode_record(record) + "\n";
  const std::lock_guard lock(mutex_);
  return files_.append(path(kJournalPrefix + fingerprint_ + "-" + tag(part_)), line);
}

Result<> WorkDirectory::publish(bool replace, bool sync) {
  const std::string aside = path(kReplaced);
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(aside));
  if (sync) WOOTZ_RETURN_IF_ERROR(files_.sync_directory(path("output")));
  if (replace && files_.exists(output_)) WOOTZ_RETURN_IF_ERROR(files_.rename(output_, aside));
  WOOTZ_RETURN_IF_ERROR(files_.rename(path("output"), output_));
  if (sync) WOOTZ_RETURN_IF_ERROR(files_.sync_directory(parent_path(output_)));
  return remove_work(files_, output_);
}

Result<bool> clean_up_published(FileSystem& files, const std::string& output, const MergePlan& plan) {
  const std::string root = output + kSuffix;
  const auto fingerprint = read_text(files, join_path(root, kFingerprintFile), 4096);
  if (!fingerprint || *fingerprint != merge_fingerprint(plan)) return false;
  if (files.exists(join_path(root, "output")) || !files.exists(join_path(output, kManifestName))) return false;
  WOOTZ_RETURN_IF_ERROR(remove_work(files, output));
  return true;
}

}  // namespace wootz
