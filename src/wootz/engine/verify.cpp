#include "wootz/engine/verify.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "wootz/engine/digest_job.h"
#include "wootz/engine/manifest.h"
#include "wootz/engine/ticker.h"
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
    auto checkpoint = Checkpoint::open(files_, directory_);
    if (!checkpoint) {
      problem(checkpoint.error().message);
      return std::move(result_);
    }
    check_weight_files(*checkpoint);
    WOOTZ_RETURN_IF_ERROR(check_tensors(*checkpoint, threads, progress));
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

  void check_weight_files(const Checkpoint& checkpoint) {
    std::map<std::string, const WeightFile*> present;
    for (const WeightFile& file : checkpoint.files()) present[file.name] = &file;
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

  Result<> check_tensors(const Checkpoint& checkpoint, std::size_t threads, const ProgressCallback& progress) {
    std::vector<std::pair<const ManifestTensor*, const TensorInfo*>> work;
    std::uint64_t total = 0;
    for (const ManifestTensor& tensor : manifest_.tensors) {
      const TensorInfo* found = checkpoint.find(tensor.name);
      if (found == nullptr) {
        problem(fmt::format("{}: tensor missing", tensor.name));
        continue;
      }
      work.emplace_back(&tensor, found);
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
          const auto& [expected, stored] = work[next++];
          const auto read = [&, tensor = stored](std::uint64_t first, std::span<std::byte> out) {
            bytes += out.size();
            return checkpoint.read(*tensor, first, out);
          };
          return make_digest_job(
              {stored->size, stored->dtype, read}, [&, expected = expected](const Result<std::string>& digest) {
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
