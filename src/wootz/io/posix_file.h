// Internal to io: the file objects behind posix_file_system().
#pragma once

#include <utility>

#include "wootz/io/file.h"

namespace wootz {

/// Closes a file descriptor when destroyed.
class UniqueDescriptor {
 public:
  explicit UniqueDescriptor(int descriptor) : descriptor_(descriptor) {}
  UniqueDescriptor(UniqueDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  UniqueDescriptor& operator=(UniqueDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~UniqueDescriptor();

  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<std::unique_ptr<ReadableFile>> open_posix_file(const std::string& path);
Result<std::unique_ptr<WritableFile>> open_posix_file_for_write(const std::string& path);
Result<> append_to_posix_file(const std::string& path, std::string_view data);

}  // namespace wootz
