#include "wootz/io/io_error.h"

#include <cerrno>
#include <system_error>

namespace wootz {
namespace {

std::string_view advice(int error) {
  switch (error) {
    case EIO:
      return "; the device reports an error: check the disk and the system log";
    case EMFILE:
      return "; raise the limit with 'ulimit -n'";
    case EROFS:
      return "; choose another output";
    case EXDEV:
      return "; both must be on one file system";
    default:
      return "";
  }
}

}  // namespace

Error system_error(std::string_view action, const std::string& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR || error == EISDIR || error == ELOOP;
  return {absent ? ErrorKind::kInput : ErrorKind::kIo,
          fmt::format("cannot {} '{}': {}{}", action, path, std::generic_category().message(error), advice(error))};
}

Error no_space_error(const std::string& path, std::uint64_t missing, int error) {
  const std::string_view reason = error == EDQUOT ? "no space left in your disk quota" : "no space left on the device";
  return {ErrorKind::kIo,
          fmt::format("cannot write '{}': {}: free {} bytes or choose another output", path, reason, missing)};
}

Error shrunk_error(const std::string& path, std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return {
      ErrorKind::kInput,
      fmt::format("'{}' has become shorter since it was opened: bytes {} to {} were expected but it now ends at {}; "
                  "do not change inputs while they are read",
                  path, offset, offset + length, size)};
}

}  // namespace wootz
