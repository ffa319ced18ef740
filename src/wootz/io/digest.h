// Content digests: XXH3, arranged so that pieces of a tensor can be hashed by different threads in any order.
// They find damage and mix-ups; they are no defence against forgery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/io/file.h"

namespace wootz {

/// Elements of one piece: the unit of hashing and of statistics. Fixed for ever: manifests depend on it.
inline constexpr std::uint64_t kPieceSize = 65536;

constexpr std::uint64_t piece_count(std::uint64_t elements) { return (elements + kPieceSize - 1) / kPieceSize; }

/// XXH3 (64 bit) of one piece's stored bytes.
std::uint64_t piece_digest(std::span<const std::byte> bytes);

/// Digests of a tensor's pieces, of bytes that come in order but not piece by piece.
class PieceDigests {
 public:
  /// Of a tensor whose elements take `item_size` bytes each.
  explicit PieceDigests(std::size_t item_size);
  ~PieceDigests();
  PieceDigests(PieceDigests&&) noexcept;
  PieceDigests& operator=(PieceDigests&&) noexcept;

  void add(std::span<const std::byte> bytes);
  /// What piece_digest gives for each piece of all that was added; the last piece may be short.
  std::vector<std::uint64_t> finish();

 private:
  void close_piece();
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t piece_bytes_;
  std::uint64_t filled_ = 0;  // bytes of the piece at hand
  std::vector<std::uint64_t> digests_;
};

/// The digest of a tensor: XXH3 (128 bit, 32 hex digits) over the little-endian digests of its pieces, in order.
std::string tensor_digest(std::span<const std::uint64_t> pieces);

/// The digest of a short file or header: XXH3 (128 bit, 32 hex digits) of its bytes.
std::string bytes_digest(std::span<const std::byte> bytes);

/// What bytes_digest gives for a file's bytes; of any size, read piece by piece.
Result<std::string> file_digest(FileSystem& files, const std::string& path);

}  // namespace wootz
