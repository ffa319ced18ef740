#include "wootz/engine/work_directory.h"

#include "wootz/engine/version.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

constexpr std::string_view kSuffix = ".wootz-partial";
const std::string kJournalPrefix = "journal-";
const std::string kLockPrefix = "lock-";
constexpr const char* kFingerprintFile = "fingerprint";
constexpr std::uint64_t kMaxJournal = std::uint64_t{1} << 31;

std::string tag(const Part& part) {
  return part.whole() ? std::string("whole") : fmt::format("{}-of-{}", part.number, part.count);
}

}  // namespace

std::string merge_fingerprint(const MergePlan& plan) {
  std::string text =
      fmt::format("wootz {}\n{}\n{} {}\n", version(), plan.recipe.text, plan.recipe.seed, plan.options.allow_missing);
  for (const Source& source : plan.sources.models) {
    text += source.reference + '\n';
    for (const WeightFile& file : source.checkpoint.files())
      text += fmt::format("{} {} {} {}\n", file.name, file.size, file.header_digest, file.modified);
  }
  for (const OutputShard& shard : plan.shards) text += fmt::format("{} {}", shard.name, shard.header);
  return bytes_digest(std::as_bytes(std::span(text)));
}

WorkDirectory::WorkDirectory(FileSystem& files, std::string output, const Part& part)
    : files_(files), output_(std::move(output)), part_(part) {
  while (output_.size() > 1 && output_.back() == '/') output_.pop_back();
  root_ = output_ + std::string(kSuffix);
}

std::string WorkDirectory::path(const std::string& name) const { return join_path(root_, name); }

std::string WorkDirectory::output_path(const std::string& name) const { return join_path(path("output"), name); }

Result<std::unique_ptr<WorkDirectory>> WorkDirectory::open(FileSystem& files, const std::string& output,
                                                           const MergePlan& plan, const Part& part) {
  std::unique_ptr<WorkDirectory> work(new WorkDirectory(files, output, part));
  WOOTZ_RETURN_IF_ERROR(files.create_directories(work->path("output")));
  WOOTZ_RETURN_IF_ERROR(work->claim(merge_fingerprint(plan)));
  WOOTZ_RETURN_IF_ERROR(work->read_journals());
  return work;
}

// Takes the locks, and makes sure that what lies here belongs to this merge.
Result<> WorkDirectory::claim(const std::string& fingerprint) {
  const auto take = [&](const std::string& name) -> Result<> {
    auto lock = files_.lock(path(name));
    if (!lock)
      return fail(lock.error().kind, "{}: another wootz is writing this output; wait for it or stop it", root_);
    locks_.push_back(std::move(*lock));
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(take(kLockPrefix + tag(part_)));
  // A whole run may not overlap with any part; parts only not with a whole run, whose lock they test and give back.
  WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kLockPrefix) || name == kLockPrefix + tag(part_)) continue;
    if (!part_.whole() && name != kLockPrefix + tag(Part{})) continue;
    WOOTZ_RETURN_IF_ERROR(take(name));
    if (!part_.whole()) locks_.pop_back();
  }

  const std::string file = path(kFingerprintFile);
  const auto existing = read_text(files_, file, 4096);
  if (existing && *existing == fingerprint) return {};
  if (existing && !part_.whole())
    return fail(
        ErrorKind::kUsage,
        "{}: belongs to another merge; all parts need the same recipe, inputs and --out-shard-size. Remove it to "
        "start afresh",
        root_);
  if (existing) {
    discarded_other_ = true;
    WOOTZ_RETURN_IF_ERROR(files_.remove_all(path("output")));
    for (const std::string& name : names)
      if (name.starts_with(kJournalPrefix)) WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(name)));
    WOOTZ_RETURN_IF_ERROR(files_.create_directories(path("output")));
  }
  return write_text_atomically(files_, file, fingerprint);
}

Result<> WorkDirectory::read_journals() {
  WOOTZ_TRY(const std::vector<std::string> names, files_.list(root_));
  for (const std::string& name : names) {
    if (!name.starts_with(kJournalPrefix)) continue;
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

Result<std::unique_ptr<WritableFile>> WorkDirectory::open_shard(const MergePlan& plan, std::size_t shard) {
  const OutputShard& planned = plan.shards[shard];
  WOOTZ_TRY(std::unique_ptr<WritableFile> file, files_.open_for_write(output_path(planned.name)));
  WOOTZ_RETURN_IF_ERROR(file->allocate(planned.size));
  WOOTZ_RETURN_IF_ERROR(file->write_at(0, std::as_bytes(std::span(planned.header))));
  return file;
}

Result<> WorkDirectory::note(const TensorRecord& record) {
  // The leading newline ends a line that an earlier kill may have cut short.
  const std::string line = "\n" + encode_record(record) + "\n";
  const std::lock_guard lock(mutex_);
  return files_.append(path(kJournalPrefix + tag(part_)), line);
}

Result<> WorkDirectory::publish(bool replace, bool sync) {
  const std::string aside = path("replaced");
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(aside));  // an earlier run may have been killed right here
  if (sync) WOOTZ_RETURN_IF_ERROR(files_.sync_directory(path("output")));
  if (replace && files_.exists(output_)) WOOTZ_RETURN_IF_ERROR(files_.rename(output_, aside));
  WOOTZ_RETURN_IF_ERROR(files_.rename(path("output"), output_));
  if (sync) WOOTZ_RETURN_IF_ERROR(files_.sync_directory(parent_path(output_)));
  locks_.clear();
  return files_.remove_all(root_);
}

}  // namespace wootz
