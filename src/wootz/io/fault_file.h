// A file system that fails on purpose: the twin that tests use to show what happens on a bad disk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "wootz/io/file.h"

namespace wootz {

/// What an injected fault looks like.
enum class Fault { kReadError, kShortRead, kNoSpace, kWriteError };

/// Which operation is about to happen.
struct Operation {
  enum class Kind { kRead, kWrite, kAllocate, kAppend, kSync, kRename };
  Kind kind;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Passes everything through to `inner`, except the operations for which `decide` names a fault.
/// `decide` is called from any thread.
std::unique_ptr<FileSystem> faulty_file_system(FileSystem& inner,
                                               std::function<std::optional<Fault>(const Operation&)> decide);

}  // namespace wootz
