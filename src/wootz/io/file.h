// Storage behind an interface, so that tests can make it fail. All sizes and offsets are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// A file opened for reading. Thread-safe: reads carry their offset.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual const std::string& path() const = 0;
  /// The size when it was opened.
  virtual std::uint64_t size() const = 0;
  /// When its content last changed, as of opening; nanoseconds since the epoch.
  virtual std::int64_t modified() const = 0;
  /// Fills `out` from `offset`, or fails naming the file: a read error, or a file that has become shorter.
  virtual Result<> read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
  /// A hint that the range is wanted soon.
  virtual void prefetch(std::uint64_t offset, std::uint64_t length) const = 0;
};

/// A file opened for writing at any offset. Thread-safe for disjoint ranges.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual const std::string& path() const = 0;
  /// Sets the size and reserves its blocks, so that a full disk is met here and not hours later (where the file system
  /// can reserve).
  virtual Result<> allocate(std::uint64_t size) = 0;
  virtual Result<> write_at(std::uint64_t offset, std::span<const std::byte> data) = 0;
  /// Asks the system to start writing a finished range back to the device, so that sync() has little left to do.
  virtual void start_writeback(std::uint64_t offset, std::uint64_t length) = 0;
  /// Waits until all data are on the device.
  virtual Result<> sync() = 0;
};

/// A lock held until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The file operations Wootz uses. Paths are the operating system's. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<ReadableFile>> open(const std::string& path) = 0;
  /// Opens for writing without truncation; creates the file when it does not exist.
  virtual Result<std::unique_ptr<WritableFile>> open_for_write(const std::string& path) = 0;
  /// Appends in one write call (O_APPEND), so that lines of a journal never interleave.
  virtual Result<> append(const std::string& path, std::string_view data) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual bool is_directory(const std::string& path) = 0;
  /// Names (not paths) in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<> create_directories(const std::string& directory) = 0;
  /// Atomic; replaces an existing file, or an empty directory.
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file or a directory with all it holds; links are removed, never followed. Nothing there is no failure.
  virtual Result<> remove_all(const std::string& path) = 0;
  /// Makes renames and new names in a directory durable.
  virtual Result<> sync_directory(const std::string& directory) = 0;
  /// Bytes an ordinary user may still write to the file system that holds `path` (or its nearest existing parent).
  virtual Result<std::uint64_t> free_space(const std::string& path) = 0;
  /// Takes an exclusive lock on a file (created if missing); fails at once when another holder has it. The lock ends
  /// with the process, however that ends. Lock a file that is not renamed or removed while held.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The operating system's own.
FileSystem& posix_file_system();

/// The whole file; fails when it is larger than `limit` bytes.
Result<std::string> read_text(FileSystem& files, const std::string& path, std::uint64_t limit);

/// Writes `path`.tmp, syncs it, and renames it to `path`: the file has the old or the new content.
/// Requires: whoever writes the same path at the same time writes the same text.
Result<> write_text_atomically(FileSystem& files, const std::string& path, std::string_view text);

/// Copies byte for byte.
Result<> copy_file(FileSystem& files, const std::string& from, const std::string& to);

/// "a/b" from "a" and "b"; the second alone when it is absolute.
std::string join_path(std::string_view directory, std::string_view name);

/// The last component ("c.txt"), and everything before it ("a/b", or "." when there is none).
std::string file_name(std::string_view path);
std::string parent_path(std::string_view path);

}  // namespace wootz
