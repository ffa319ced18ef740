// Files of a POSIX system. Directories and locks are in posix_file_system.cpp.
#include "wootz/io/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "wootz/io/io_error.h"
#include "wootz/io/transfer.h"

namespace wootz {
namespace {

tl::unexpected<Error> failed(std::string_view action, const std::string& path, int error) {
  return tl::unexpected(system_error(action, path, error));
}

bool is_no_space(int error) { return error == ENOSPC || error == EDQUOT; }

// Opens a regular file. Anything else (a pipe, a device) has no offsets to read at and is refused.
Result<UniqueDescriptor> open_regular(const std::string& path, int flags, std::string_view action,
                                      struct stat& status) {
  // O_NONBLOCK keeps open() from waiting for the other end of a pipe; it means nothing to regular files.
  UniqueDescriptor descriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0666));
  if (descriptor.get() < 0) return failed(action, path, errno);
  if (::fstat(descriptor.get(), &status) != 0) return failed(action, path, errno);
  if (S_ISDIR(status.st_mode)) return failed(action, path, EISDIR);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::kInput, "cannot {} '{}': it is not a regular file", action, path);
  return descriptor;
}

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(std::string path, UniqueDescriptor descriptor, const struct stat& status)
      : path_(std::move(path)),
        descriptor_(std::move(descriptor)),
        size_(static_cast<std::uint64_t>(status.st_size)),
        modified_(std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }
  std::int64_t modified() const override { return modified_; }

  Result<> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    const Transfer transfer = transfer_all(out, offset, [this](std::byte* data, std::size_t size, off_t at) {
      return ::pread(descriptor_.get(), data, size, at);
    });
    if (transfer.error != 0) return failed("read", path_, transfer.error);
    if (transfer.moved < out.size())
      return tl::unexpected(shrunk_error(path_, offset, out.size(), offset + transfer.moved));
    return {};
  }

  void prefetch(std::uint64_t offset, std::uint64_t length) const override {
    ::posix_fadvise(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
  }

 private:
  std::string path_;
  UniqueDescriptor descriptor_;
  std::uint64_t size_;
  std::int64_t modified_;
};

// Reserves the blocks of [0, size), or returns an errno. glibc's posix_fallocate would write to every block where the
// file system cannot reserve any, so Linux is asked directly.
int reserve(int descriptor, std::uint64_t size) {
  int error = 0;
  do {
#ifdef __linux__
    error = ::fallocate(descriptor, 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
#else
    error = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size));
#endif
  } while (error == EINTR);
  // A file system without reservation (NFS, some FUSE): the size is set all the same, and a full disk is met later.
  return error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL || error == ENOSYS ? 0 : error;
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, UniqueDescriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  const std::string& path() const override { return path_; }

  Result<> allocate(std::uint64_t size) override {
    const std::uint64_t missing = missing_space(size);
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0) return write_failed(errno, missing);
    if (size == 0) return {};
    if (const int error = reserve(descriptor_.get(), size); error != 0) return write_failed(error, missing);
    return {};
  }

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    const Transfer transfer = transfer_all(data, offset, [this](const std::byte* bytes, std::size_t size, off_t at) {
      return ::pwrite(descriptor_.get(), bytes, size, at);
    });
    if (transfer.error != 0) return write_failed(transfer.error, data.size() - transfer.moved);
    if (transfer.moved < data.size()) return write_failed(EIO, 0);
    return {};
  }

  void start_writeback(std::uint64_t offset, std::uint64_t length) override {
#ifdef __linux__
    ::sync_file_range(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
#else
    static_cast<void>(offset), static_cast<void>(length);
#endif
  }

  Result<> sync() override {
    if (::fsync(descriptor_.get()) != 0) return write_failed(errno, 0);
    return {};
  }

 private:
  tl::unexpected<Error> write_failed(int error, std::uint64_t missing) const {
    if (is_no_space(error)) return tl::unexpected(no_space_error(path_, std::max<std::uint64_t>(missing, 1), error));
    return failed("write", path_, error);
  }

  // How many bytes more than there are the file system needs for the file to reach `size`. Where there are enough (a
  // quota is the limit), all that the file still lacks.
  std::uint64_t missing_space(std::uint64_t size) const {
    struct stat status {};
    struct statvfs space {};
    if (::fstat(descriptor_.get(), &status) != 0 || ::fstatvfs(descriptor_.get(), &space) != 0) return size;
    const std::uint64_t held = static_cast<std::uint64_t>(status.st_blocks) * 512;
    const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    const std::uint64_t lacking = size > held ? size - held : 0;
    return lacking > free ? lacking - free : lacking;
  }

  std::string path_;
  UniqueDescriptor descriptor_;
};

}  // namespace

UniqueDescriptor::~UniqueDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::unique_ptr<ReadableFile>> open_posix_file(const std::string& path) {
  struct stat status {};
  WOOTZ_TRY(UniqueDescriptor descriptor, open_regular(path, O_RDONLY, "read", status));
  return std::make_unique<PosixReadableFile>(path, std::move(descriptor), status);
}

Result<std::unique_ptr<WritableFile>> open_posix_file_for_write(const std::string& path) {
  struct stat status {};
  WOOTZ_TRY(UniqueDescriptor descriptor, open_regular(path, O_WRONLY | O_CREAT, "write", status));
  return std::make_unique<PosixWritableFile>(path, std::move(descriptor));
}

Result<> append_to_posix_file(const std::string& path, std::string_view data) {
  struct stat status {};
  WOOTZ_TRY(const UniqueDescriptor descriptor, open_regular(path, O_WRONLY | O_CREAT | O_APPEND, "write", status));
  ssize_t written = 0;
  do {
    written = ::write(descriptor.get(), data.data(), data.size());
  } while (written < 0 && errno == EINTR);
  const bool short_write = written >= 0 && static_cast<std::size_t>(written) < data.size();
  if (written < 0 && !is_no_space(errno)) return failed("write", path, errno);
  if (written < 0) return tl::unexpected(no_space_error(path, data.size(), errno));
  // A disk that fills up in the middle of a write accepts the part that fits.
  if (short_write) return tl::unexpected(no_space_error(path, data.size() - static_cast<std::size_t>(written), ENOSPC));
  return {};
}

}  // namespace wootz
