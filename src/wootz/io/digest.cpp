#include "wootz/io/digest.h"

#include <fmt/format.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xxh_x86dispatch.h>  // the same functions, choosing AVX2 or AVX-512 at run time
#else
#include <xxhash.h>
#endif

#include <bit>

namespace wootz {
namespace {

static_assert(std::endian::native == std::endian::little, "digests are defined over little-endian bytes");

std::string hex_digest(const void* data, std::size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(data, size);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::uint64_t piece_digest(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string tensor_digest(std::span<const std::uint64_t> pieces) {
  return hex_digest(pieces.data(), pieces.size_bytes());
}

std::string bytes_digest(std::span<const std::byte> bytes) { return hex_digest(bytes.data(), bytes.size()); }

}  // namespace wootz
