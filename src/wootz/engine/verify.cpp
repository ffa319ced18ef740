#include "wootz/engine/verify.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "wootz/engine/output/manifest.h"
#include "wootz/engine/run/digest_job.h"
#include "wootz/engine/run/ticker.h"
#include "wootz/io/checkpoint.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxManifest = std::uint64_t{1} << 31;

class Verifier {
 public:
  Verifier(FileSystem& files, const std::string& directory, Manifest manifest)
      : files_(files), directory_(directory), manifest_(std::move(manifest)) {}

  Result<Verification> run(std::size_t threads, const ProgressCallback& progress) {
    check_side_files();
    if (!open_checkpoints()) return std::move(result_);
    check_weight_files();
    WOOTZ_RETURN_IF_ERROR(check_tensors(threads, progress));
    std::sort(result_.problems.begin(), result_.problems.end());
    return std::move(result_);
  }

 private:
  void problem(std::string text) { result_.problems.push_back(std::move(text)); }

  void check_side_files() {
    for (const ManifestFile& file : manifest_.side_files) {
      ++result_.files;
      const std::string path = join_path(directory_, file.name);
      if (!files_.exists(path)) {
        problem(fmt::format("{}: missing", file.name));
        continue;
      }
      const auto digest = file_digest(files_, path);
      if (!digest)
        problem(digest.error().message);
      else if (*digest != file.digest)
        problem(fmt::format("{}: changed since the merge", file.name));
    }
  }

  // Those of the folders that hold the weight files, by folder: "" is the output itself. False where one cannot be
  // opened.
  bool open_checkpoints() {
    std::set<std::string> folders{""};
    if (!manifest_.weight_files.empty()) folders.clear();
    for (const ManifestFile& file : manifest_.weight_files) folders.insert(folder_of(file.name));
    for (const std::string& folder : folders) {
      auto checkpoint = Checkpoint::open(files_, folder.empty() ? directory_ : join_path(directory_, folder));
      if (checkpoint)
        checkpoints_.emplace(folder, std::move(*checkpoint));
      else
        problem(checkpoint.error().message);
    }
    return checkpoints_.size() == folders.size();
  }

  static std::string folder_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    return slash == std::string::npos ? "" : file.substr(0, slash);
  }

  void check_weight_files() {
    std::map<std::string, const WeightFile*> present;
    for (const auto& [folder, checkpoint] : checkpoints_)
      for (const WeightFile& file : checkpoint.files()) present[join_path(folder, file.name)] = &file;
    for (const ManifestFile& file : manifest_.weight_files) {
      ++result_.files;
      const auto found = present.find(file.name);
      if (found == present.end()) {
        problem(fmt::format("{}: missing", file.name));
        continue;
      }
      if (found->second->size != file.size)
        problem(fmt::format("{}: {} bytes, but {} were written", file.name, found->second->size, file.size));
      if (found->second->header_digest != file.header_digest)
        problem(fmt::format("{}: its header has changed", file.name));
      present.erase(found);
    }
    for (const auto& [name, file] : present) problem(fmt::format("{}: not part of the merge", name));
  }

  struct Work {
    const ManifestTensor* expected = nullptr;
    const Checkpoint* checkpoint = nullptr;
    const TensorInfo* stored = nullptr;
  };

  Result<> check_tensors(std::size_t threads, const ProgressCallback& progress) {
    std::vector<Work> work;
    std::uint64_t total = 0;
    for (const ManifestTensor& tensor : manifest_.tensors) {
      const auto checkpoint = checkpoints_.find(folder_of(tensor.file));
      const TensorInfo* found = checkpoint == checkpoints_.end() ? nullptr : checkpoint->second.find(tensor.name);
      if (found == nullptr) {
        problem(fmt::format("{}: tensor missing", tensor.name));
        continue;
      }
      work.push_back({&tensor, &checkpoint->second, found});
      total += found->bytes;
    }
    std::atomic<std::uint64_t> bytes = 0;
    std::mutex mutex;
    std::size_t next = 0;
    const ProgressTicker ticker(progress, [&] { return Progress{"verifying", bytes, total, bytes}; });
    const std::size_t workers = threads != 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
    WOOTZ_RETURN_IF_ERROR(run_jobs(
        {workers, workers + 1},
        [&]() -> std::unique_ptr<Job> {
          if (next == work.size()) return nullptr;
          const Work& each = work[next++];
          const auto read = [&bytes, &each](std::uint64_t first, std::span<std::byte> out) {
            bytes += out.size();
            return each.checkpoint->read(*each.stored, first, out);
          };
          return make_digest_job({each.stored->size, each.stored->dtype, read}, [&, expected = each.expected](
                                                                                    const Result<std::string>& digest) {
            const std::lock_guard lock(mutex);
            ++result_.tensors;
            if (!digest)
              problem(digest.error().message);
            else if (*digest != expected->digest)
              problem(fmt::format("{}: {} does not hold what was merged (digest {}, expected {})", expected->file,
                                  expected->name, *digest, expected->digest));
          });
        },
        [] { return std::make_unique<WorkerState>(); }));
    result_.bytes = bytes;
    return {};
  }

  FileSystem& files_;
  const std::string& directory_;
  Manifest manifest_;
  std::map<std::string, Checkpoint> checkpoints_;  // by folder
  Verification result_;
};

}  // namespace

Result<Verification> verify_output(FileSystem& files, const std::string& directory, std::size_t threads,
                                   const ProgressCallback& progress) {
  const std::string path = join_path(directory, kManifestName);
  if (!files.is_directory(directory)) return fail(ErrorKind::kInput, "{}: no such directory", directory);
  if (!files.exists(path))
    return fail(ErrorKind::kInput, "{}: there is no {}; only outputs of wootz can be verified", directory,
                kManifestName);
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxManifest));
  auto manifest = parse_manifest(text);
  if (!manifest) return tl::unexpected(std::move(manifest.error()).within(path));
  return Verifier(files, directory, std::move(*manifest)).run(threads, progress);
}

}  // namespace wootz
