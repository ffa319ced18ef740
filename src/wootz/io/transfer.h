// The loop around read and write calls that may be interrupted or move less than asked.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace wootz {

/// What a transfer came to: all bytes moved, or the end of the file met (`error` 0), or an errno.
struct Transfer {
  std::uint64_t moved = 0;
  int error = 0;
};

/// Calls `step(data, size, offset)`, which works like pread or pwrite, until all of `bytes` are moved, it returns 0, or
/// it fails with anything but EINTR.
template <typename Byte, typename Step>
Transfer transfer_all(std::span<Byte> bytes, std::uint64_t offset, Step step) {
  // Linux moves at most 2^31 - 4096 bytes a call; other systems refuse more than that.
  constexpr std::size_t kMaxStep = std::size_t{1} << 30;
  Transfer transfer;
  while (transfer.moved < bytes.size()) {
    const std::span<Byte> rest = bytes.subspan(transfer.moved);
    const ssize_t moved =
        step(rest.data(), std::min(rest.size(), kMaxStep), static_cast<off_t>(offset + transfer.moved));
    if (moved < 0) {
      if (errno == EINTR) continue;
      transfer.error = errno;
      break;
    }
    if (moved == 0) break;
    transfer.moved += static_cast<std::uint64_t>(moved);
  }
  return transfer;
}

}  // namespace wootz
