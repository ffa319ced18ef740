#include "wootz/io/file_digest.h"

#include <fmt/format.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <memory>

namespace wootz {
namespace {

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

Result<std::string> file_digest(FileSystem& files, const std::string& path) {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
  WOOTZ_TRY(const std::unique_ptr<ReadableFile> file, files.open(path));
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  std::vector<std::byte> piece(std::min(kPiece, file->size()));
  for (std::uint64_t at = 0; at < file->size(); at += kPiece) {
    const auto part = std::span(piece).first(std::min(kPiece, file->size() - at));
    WOOTZ_RETURN_IF_ERROR(file->read_at(at, part));
    XXH3_128bits_update(state.get(), part.data(), part.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace wootz
