#include "wootz/io/digest.h"

#include <fmt/format.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xxh_x86dispatch.h>  // the same functions, choosing AVX2 or AVX-512 at run time
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <bit>
#include <memory>

#include "wootz/core/check.h"

namespace wootz {
namespace {

static_assert(std::endian::native == std::endian::little, "digests are defined over little-endian bytes");

std::string hex(const XXH128_hash_t& hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

std::string hex_digest(const void* data, std::size_t size) { return hex(XXH3_128bits(data, size)); }

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::uint64_t piece_digest(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

struct PieceDigests::State {
  std::unique_ptr<XXH3_state_t, FreeState> hash{XXH3_createState()};
};

PieceDigests::PieceDigests(std::size_t item_size)
    : state_(std::make_unique<State>()), piece_bytes_(kPieceSize * item_size) {
  WOOTZ_CHECK(state_->hash != nullptr);
  XXH3_64bits_reset(state_->hash.get());
}

PieceDigests::~PieceDigests() = default;
PieceDigests::PieceDigests(PieceDigests&&) noexcept = default;
PieceDigests& PieceDigests::operator=(PieceDigests&&) noexcept = default;

void PieceDigests::add(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), piece_bytes_ - filled_));
    XXH3_64bits_update(state_->hash.get(), part.data(), part.size());
    filled_ += part.size();
    if (filled_ == piece_bytes_) close_piece();
    bytes = bytes.subspan(part.size());
  }
}

void PieceDigests::close_piece() {
  digests_.push_back(XXH3_64bits_digest(state_->hash.get()));
  XXH3_64bits_reset(state_->hash.get());
  filled_ = 0;
}

std::vector<std::uint64_t> PieceDigests::finish() {
  if (filled_ > 0) close_piece();
  return std::move(digests_);
}

std::string tensor_digest(std::span<const std::uint64_t> pieces) {
  return hex_digest(pieces.data(), pieces.size_bytes());
}

std::string bytes_digest(std::span<const std::byte> bytes) { return hex_digest(bytes.data(), bytes.size()); }

Result<std::string> file_digest(FileSystem& files, const std::string& path) {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
  WOOTZ_TRY(const std::unique_ptr<ReadableFile> file, files.open(path));
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  WOOTZ_CHECK(state != nullptr);
  XXH3_128bits_reset(state.get());
  std::vector<std::byte> piece(std::min(kPiece, file->size()));
  for (std::uint64_t at = 0; at < file->size(); at += kPiece) {
    const auto part = std::span(piece).first(std::min(kPiece, file->size() - at));
    WOOTZ_RETURN_IF_ERROR(file->read_at(at, part));
    XXH3_128bits_update(state.get(), part.data(), part.size());
  }
  return hex(XXH3_128bits_digest(state.get()));
}

}  // namespace wootz
