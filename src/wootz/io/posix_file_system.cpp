#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "wootz/io/io_error.h"
#include "wootz/io/posix_file.h"

namespace wootz {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(std::string_view action, const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) return tl::unexpected(no_space_error(path, 4096, error));
  return tl::unexpected(system_error(action, path, error));
}

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  UniqueDescriptor descriptor_;
};

// Whether the descriptor still is what the path names: the last holder may have removed or renamed the file between
// our open() and flock().
bool is_current(int descriptor, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override { return open_posix_file(path); }

  Result<std::unique_ptr<WritableFile>> open_for_write(const std::string& path) override {
    return open_posix_file_for_write(path);
  }

  Result<> append(const std::string& path, std::string_view data) override { return append_to_posix_file(path, data); }

  bool exists(const std::string& path) override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
  }

  bool is_directory(const std::string& path) override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error))
      names.push_back(entry->path().filename().string());
    if (error) return failed("list", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<> create_directories(const std::string& directory) override {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return failed("create directory", directory, error.value());
    return {};
  }

  Result<> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    const int error = errno;
    Error failure = failed("rename", from, error).value();
    return fail(failure.kind, "cannot rename '{}' to '{}': {}", from, to, std::generic_category().message(error));
  }

  Result<> remove_all(const std::string& path) override {
    // A trailing slash would make the system follow a link to a directory.
    std::string target = path;
    while (target.size() > 1 && target.back() == '/') target.pop_back();
    std::error_code error;
    fs::remove_all(target, error);
    if (error) return failed("remove", path, error.value());
    return {};
  }

  Result<> sync_directory(const std::string& directory) override {
    const UniqueDescriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0) return failed("sync", directory, errno);
    // Some file systems cannot sync a directory, and say so with EINVAL.
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL) return failed("sync", directory, errno);
    return {};
  }

  Result<std::uint64_t> free_space(const std::string& path) override {
    struct statvfs space {};
    std::string place = path;
    while (::statvfs(place.c_str(), &space) != 0) {
      const int error = errno;
      const std::string parent = parent_path(place);
      if ((error != ENOENT && error != ENOTDIR) || parent == place)
        return failed("find the free space of", path, error);
      place = parent;
    }
    return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    constexpr int kAttempts = 8;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      UniqueDescriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
      if (descriptor.get() < 0) return failed("lock", path, errno);
      int error = 0;
      do {
        error = ::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
      } while (error == EINTR);
      if (error == EWOULDBLOCK) break;
      if (error != 0) return failed("lock", path, error);
      if (is_current(descriptor.get(), path)) return std::make_unique<PosixFileLock>(std::move(descriptor));
    }
    return fail(ErrorKind::kFailed, "'{}' is locked by another process: wait for it to end, or choose another output",
                path);
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;  // without state
  return file_system;
}

}  // namespace wootz
